"""Who may do what, and what happens when the policy file changes or is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from oslo_policy import policy as oslo_policy

from angarium import config, policy
from angarium.actions import table
from angarium.context import RequestContext
from angarium.errors import Forbidden, StartError

# The rows of the contract's table whose operations exist.
ADMIN_ONLY = {
    "health:get",
    "pools:get_all",
    "pools:create",
    "pools:get",
    "pools:update",
    "pools:delete",
    "flavors:create",
    "flavors:update",
    "flavors:delete",
}


def caller(project: str = "p", *roles: str, user: str | None = None) -> RequestContext:
    return RequestContext("req-1", project, "client", user, frozenset(roles))


def make(directory: Path, rules: str | None = None, options: str = "") -> policy.Policy:
    file = directory / "rules.yaml"
    if rules is not None:
        file.write_text(rules)
    conf_file = directory / "angarium.conf"
    named = f"policy_file = {file}\n" if rules is not None else ""
    conf_file.write_text(f"[oslo_policy]\n{named}{options}\n")
    return policy.Policy(config.load(["--config-file", str(conf_file)]))


def allows(it: policy.Policy, context: RequestContext, rule: str) -> bool:
    try:
        it.authorise(context, rule)
    except Forbidden:
        return False
    return True


def test_every_action_with_a_rule_has_a_documented_default() -> None:
    documented = {
        (rule.name, binding["method"], binding["path"])
        for rule in policy.list_rules()
        if isinstance(rule, oslo_policy.DocumentedRuleDefault)
        for binding in rule.operations
    }
    actions = {(it.rule, it.http.method, it.http.path) for it in table.ALL if it.rule}
    assert documented == actions


@pytest.mark.parametrize("rule", sorted({action.rule for action in table.ALL if action.rule}))
def test_defaults(tmp_path: Path, rule: str) -> None:
    it = make(tmp_path)
    assert allows(it, caller(), rule) is (rule not in ADMIN_ONLY)
    assert allows(it, caller("p", "admin"), rule)


def test_role_names_compare_without_case(tmp_path: Path) -> None:
    it = make(tmp_path, '"queues:create": "role:Creator"\n')
    assert allows(it, caller("p", "creator"), "queues:create")


def test_a_file_overrides_single_rules(tmp_path: Path) -> None:
    it = make(tmp_path, '"queues:create": "!"\n"queues:delete": "user_id:u"\n')
    assert not allows(it, caller("p", "admin"), "queues:create")
    assert allows(it, caller(user="u"), "queues:delete")
    assert not allows(it, caller(user="v"), "queues:delete")
    assert not allows(it, caller(user=None), "queues:delete")
    assert allows(it, caller(), "queues:update")


def test_decisions_are_not_mixed_up_between_callers(tmp_path: Path) -> None:
    it = make(
        tmp_path, '"queues:create": "project_id:mine"\n"queues:delete": "rule:admin_or_owner"\n'
    )
    for _ in range(2):
        assert allows(it, caller("mine"), "queues:create")
        assert not allows(it, caller("other"), "queues:create")
        assert allows(it, caller("mine"), "queues:delete")


def test_base_rules(tmp_path: Path) -> None:
    it = make(
        tmp_path, '"queues:create": "rule:context_is_admin"\n"queues:update": "is_admin:True"\n'
    )
    for rule in ("queues:create", "queues:update"):
        assert allows(it, caller("p", "admin"), rule)
        assert not allows(it, caller("p", "member"), rule)


def test_an_unknown_rule_falls_back_to_the_default_one(tmp_path: Path) -> None:
    assert not allows(make(tmp_path), caller("p", "admin"), "no:such")
    it = make(tmp_path, '"default": "role:member"\n')
    assert allows(it, caller("p", "member"), "no:such")
    assert not allows(it, caller("p"), "no:such")


def test_files_in_policy_dirs_count_too(tmp_path: Path) -> None:
    directory = tmp_path / "policy.d"
    directory.mkdir()
    (directory / "one.yaml").write_text('"queues:create": "!"\n')
    it = make(tmp_path, options=f"policy_dirs = {directory}")
    assert not allows(it, caller(), "queues:create")


def change(it: policy.Policy, file: Path, text: str | None) -> None:
    """Change a file, and let the second pass after which it is looked at again."""
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
        os.utime(file, (1, 1 + len(text)))
    it._next_look = 0.0


def test_a_changed_file_is_used_and_forgets_old_decisions(tmp_path: Path) -> None:
    it = make(tmp_path, '"queues:create": "!"\n')
    assert not allows(it, caller(), "queues:create")
    change(it, tmp_path / "rules.yaml", '"queues:create": ""\n')
    assert allows(it, caller(), "queues:create")
    assert it._next_look > 0.0


@pytest.mark.parametrize(
    "text", [None, "[unfinished", '"queues:create": "role:"role:"\n', "- list"]
)
def test_a_file_that_went_wrong_leaves_the_rules_in_force(tmp_path: Path, text: str | None) -> None:
    it = make(tmp_path, '"queues:create": "!"\n')
    change(it, tmp_path / "rules.yaml", text)
    assert not allows(it, caller(), "queues:create")
    assert not allows(it, caller("another"), "queues:create")
    assert not allows(it, caller(), "queues:create")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("[unfinished", "cannot be understood"),
        ("- a list\n", "cannot be understood"),
        ('"queues:create": "role:a and and"\n', "queues:create"),
        ('"queues:create": "rule:not_there"\n', "queues:create"),
        ('"a": "rule:b"\n"b": "rule:a"\n', "['a', 'b']"),
    ],
)
def test_a_wrong_file_stops_the_start(tmp_path: Path, rules: str, words: str) -> None:
    with pytest.raises(StartError) as caught:
        make(tmp_path, rules)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("[oslo_policy] policy_file")


def test_a_missing_file_that_is_asked_for_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"nowhere\.yaml"):
        make(tmp_path, options=f"policy_file = {tmp_path}/nowhere.yaml")


def test_remote_decisions_are_not_remembered(tmp_path: Path) -> None:
    assert make(tmp_path)._keeps
    assert not make(tmp_path, '"queues:create": "http://127.0.0.1:1/check"\n')._keeps


def test_what_is_remembered_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "_REMEMBERED", 3)
    it = make(tmp_path)
    for number in range(10):
        assert allows(it, caller(f"p{number}"), "queues:create")
    assert len(it._decisions) == 3
    it._next_look = 0.0
    assert allows(it, caller("p9"), "queues:create")
    assert len(it._decisions) == 1


def test_the_enforcer_for_the_tools_knows_all_rules() -> None:
    rules = {rule.name for rule in policy.list_rules()}
    assert set(policy.get_enforcer().registered_rules) == rules
