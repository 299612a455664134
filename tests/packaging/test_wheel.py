"""What is built installs into an empty environment and works there, with nothing missing."""

from __future__ import annotations

import configparser
import importlib.metadata
import json
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SOURCE_ROOTS: Final = {"angarium": "framework/angarium", "angarium.schemas": "schemas"}
TOP_LEVEL: Final = {
    "framework", "plugins", "contrib", "schemas", "tests", "etc", "docs", "changelog.d",
    "setup.cfg", "pyproject.toml", "README.rst", "CONTRIBUTING.rst", "LICENSE", "Makefile",
}  # fmt: skip
PROGRAM: Final = """
import json
import re
from importlib import metadata, resources
schemas = resources.files("angarium.schemas")
names = sorted(str(path.relative_to(str(schemas))) for path in schemas.rglob("*.json"))
points = metadata.distribution("angarium").entry_points
loaded, missing = [], []
for point in points:
    try:
        loaded.append(str(point.load()))
    except ModuleNotFoundError as error:
        missing.append(error.name.partition(".")[0])
print(json.dumps({"schemas": names, "loaded": loaded, "missing": missing}))
"""


def metadata() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def declared(option: str, section: str = "options") -> list[str]:
    return metadata()[section][option].split()


def lines(section: str, option: str) -> list[str]:
    return [line for line in metadata()[section][option].split("\n") if line]


def tree() -> set[str]:
    """The packages that are there."""
    roots = {"angarium": ROOT / "framework/angarium", "angarium.schemas": ROOT / "schemas"}
    roots |= {path.name: path for path in (ROOT / "plugins").iterdir() if path.is_dir()}
    found = set()
    for name, root in roots.items():
        for module in root.rglob("__init__.py"):
            found.add(".".join([name, *module.parent.relative_to(root).parts]))
    return found


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return listed.stdout.splitlines()


def test_every_package_of_the_tree_is_declared() -> None:
    assert sorted(declared("packages")) == sorted(tree())


def test_every_root_has_its_directory() -> None:
    directories = dict(line.split(" = ") for line in lines("options", "package_dir"))
    plugins = [path.name for path in (ROOT / "plugins").iterdir() if path.is_dir()]
    assert directories == {**SOURCE_ROOTS, **{name: f"plugins/{name}" for name in plugins}}


def test_every_top_package_is_typed() -> None:
    tops = {name for name in declared("packages") if "." not in name}
    marked = {path.parent.name for path in ROOT.glob("*/*/py.typed")}
    assert marked == tops
    assert all("py.typed" in metadata()["options.package_data"][name].split() for name in tops)


def test_the_top_level_is_as_agreed() -> None:
    there = {path.split("/")[0] for path in tracked()}
    assert {name for name in there if not name.startswith(".")} <= TOP_LEVEL


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a wheel and an sdist, made from the files that git knows."""
    source = tmp_path_factory.mktemp("source")
    names = source / "names"
    names.write_text("\n".join(name for name in tracked() if (ROOT / name).is_file()))
    archive = source / "source.tar"
    subprocess.run(["tar", "-C", str(ROOT), "-cf", str(archive), "-T", str(names)], check=True)
    with tarfile.open(archive) as tar:
        tar.extractall(source / "tree", filter="data")
    output = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(output), str(source / "tree")],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return output


def schemas() -> list[str]:
    root = ROOT / "schemas"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.json"))


def test_the_sdist_carries_what_the_project_is(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    assert {f"schemas/{name}" for name in schemas()} <= names
    assert {"LICENSE", "README.rst", "setup.cfg", "pyproject.toml"} <= names


def test_the_wheel_carries_no_tests(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        name for name in declared("packages") if "." not in name
    }


def optional() -> set[str]:
    """What only the extras need: a driver whose library is not there fails when it is asked for."""
    lines = "\n".join(metadata()["options.extras_require"].values()).split("\n")
    names = {name[0] for name in map(re.compile(r"[a-z]+").match, lines) if name} - {"angarium"}
    installed = importlib.metadata.packages_distributions()  # of bson, for one, it is pymongo
    return {module for module, found in installed.items() if {*map(str.lower, found)} & names}


@pytest.mark.parametrize("pattern", ["*.whl", "*.tar.gz"])
def test_it_installs_into_an_empty_environment(built: Path, tmp_path: Path, pattern: str) -> None:
    (archive,) = built.glob(pattern)
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", archive], check=True)
    done = subprocess.run(
        [python, "-c", PROGRAM], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    found = json.loads(done.stdout)
    assert found["schemas"] == schemas()
    assert set(found["missing"]) <= optional()
    assert len(found["loaded"]) + len(found["missing"]) == len(
        [
            line
            for group in metadata()["options.entry_points"].values()
            for line in group.split("\n")
            if line
        ]
    )
    for command in ("angarium", "angarium-server", "angarium-manage"):
        subprocess.run(
            [environment / "bin" / command, "--help"], check=True, stdout=subprocess.DEVNULL
        )
