"""Loading a plugin: the right class, or one line that says everything."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from angarium import plugins
from angarium.errors import StartError
from angarium.identity import Identity, IdentityPlugin
from angarium_identity.noauth import NoAuth
from tests.plugins.packages import install

GOOD = """
from angarium.identity import Identity, IdentityPlugin

class Good(IdentityPlugin):
    interface_version = 1

    def identify(self, headers):
        return Identity("mine")
"""

Installer = Callable[..., str]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """Installs a package with one identity plugin; returns the name of its module."""

    def put(package: str, source: str, point: str = "mine", attribute: str = "Good") -> str:
        name = f"module_{uuid.uuid4().hex}"
        site = tmp_path / package
        install(site, package, {name: source}, {plugins.IDENTITY: {point: f"{name}:{attribute}"}})
        monkeypatch.syspath_prepend(str(site))
        return name

    return put


def load(name: str = "mine") -> type[IdentityPlugin]:
    return plugins.load(
        plugins.IDENTITY, name, option="[DEFAULT] auth_strategy", base=IdentityPlugin
    )


def refusal(name: str = "mine") -> str:
    with pytest.raises(StartError) as caught:
        load(name)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith("[DEFAULT] auth_strategy asks for ")
    assert plugins.IDENTITY in text
    return text


def test_a_plugin_of_ours_is_loaded_through_its_entry_point() -> None:
    assert load("noauth") is NoAuth


def test_a_plugin_of_another_package_is_loaded(module: Installer) -> None:
    module("third-party", GOOD)
    loaded = load()
    assert loaded.__name__ == "Good"
    assert loaded(None).identify({}) == Identity("mine")  # type: ignore[arg-type] # takes anything


def test_installed_tells_distribution_and_version(module: Installer) -> None:
    name = module("third-party", GOOD)
    found = {plugin.name: plugin for plugin in plugins.installed(plugins.IDENTITY)}
    assert found["mine"] == plugins.InstalledPlugin(
        plugins.IDENTITY, "mine", "third-party", "1.0", f"{name}:Good"
    )
    assert found["noauth"].distribution == "angarium"


def test_missing(module: Installer) -> None:
    module("third-party", GOOD)
    text = refusal("nonsense")
    assert "'nonsense'" in text
    assert "mine (third-party 1.0), noauth (angarium " in text


def test_ambiguous(module: Installer) -> None:
    module("one", GOOD)
    module("two", GOOD)
    text = refusal()
    assert "several packages" in text
    assert "one 1.0 (" in text
    assert "two 1.0 (" in text


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import there_is_no_such_module", "ModuleNotFoundError: No module named 'there_is"),
        ("raise RuntimeError('on\\ntwo lines')", "RuntimeError: on two lines"),
        ("assert False, 'asserted'", "AssertionError: asserted"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError: "),
        ("Bad = 1", "AttributeError: "),
    ],
)
def test_broken(module: Installer, source: str, cause: str) -> None:
    module("third-party", source)
    text = refusal()
    assert "third-party 1.0" in text
    assert cause in text
    assert "noauth (angarium " in text


@pytest.mark.parametrize("source", ["Good = 1", "class Good: pass", "def Good(conf): return None"])
def test_not_a_subclass(module: Installer, source: str) -> None:
    name = module("third-party", source)
    text = refusal()
    assert f"{name}:Good of third-party 1.0" in text
    assert "not a subclass of angarium.identity.IdentityPlugin" in text


def test_another_version_of_the_interface(module: Installer) -> None:
    module("third-party", GOOD.replace("interface_version = 1", "interface_version = 99"))
    text = refusal()
    assert "version 99 of the interface IdentityPlugin" in text
    assert f"has version {IdentityPlugin.interface_version}" in text


def test_no_version_of_the_interface(module: Installer) -> None:
    module("third-party", GOOD.replace("    interface_version = 1\n", ""))
    assert "has to declare interface_version = 1" in refusal()


def test_other_plugins_of_the_group_are_left_alone(module: Installer) -> None:
    module("third-party", "raise RuntimeError('never imported')", point="other")
    assert load("noauth") is NoAuth
