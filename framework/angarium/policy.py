"""Which roles may do what: oslo.policy over the rules of the table of actions.

Contract: ``configuration.md`` 5. A decision of oslo.policy takes about 90 us, more than all of
Flask, so decisions are remembered until a policy file changes.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Final

from oslo_config import cfg
from oslo_policy import opts as policy_options
from oslo_policy import policy as oslo_policy

from angarium.actions import table
from angarium.actions.base import ADMINS
from angarium.context import RequestContext
from angarium.errors import Forbidden, StartError

LOG = logging.getLogger(__name__)

_LOOK_EVERY: Final = 1.0  # seconds between two looks at the policy files
_REMEMBERED: Final = 10_000  # decisions

Fingerprint = frozenset[tuple[str, int, int]]
Key = tuple[str, str, frozenset[str], str | None]


def list_rules() -> list[oslo_policy.RuleDefault]:
    """The entry point ``oslo.policy.policies``: base rules, then one rule per kind of action."""
    return [
        oslo_policy.RuleDefault("context_is_admin", ADMINS, "Who counts as an administrator."),
        oslo_policy.RuleDefault(
            "admin_or_owner",
            "is_admin:True or project_id:%(project_id)s",
            "An administrator, or somebody of the project that the request is about.",
        ),
        *_action_rules(),
    ]


def get_enforcer() -> oslo_policy.Enforcer:
    """The entry point ``oslo.policy.enforcer``, for the tools of oslo.policy."""
    conf = cfg.ConfigOpts()
    conf([], project="angarium")
    enforcer = oslo_policy.Enforcer(conf)
    enforcer.register_defaults(list_rules())
    return enforcer


class Policy:
    """Decides on requests. Safe for threads.

    :param conf: the configuration; ``[oslo_policy]`` says where the files are.
    :raises StartError: a policy file that is configured is missing, or one cannot be understood.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        for group, options in policy_options.list_opts():
            conf.register_opts(options, group)
        self._lock = threading.Lock()
        self._fingerprint = _fingerprint(conf)
        self._enforcer = _load(conf)
        self._keeps = not _asks_others(self._enforcer)
        self._decisions: dict[Key, bool] = {}
        self._next_look = time.monotonic() + _LOOK_EVERY

    def authorise(self, context: RequestContext, rule: str) -> None:
        """Return if the rule lets the caller pass.

        :param rule: of an action; unknown ones fall back to ``policy_default_rule``.
        :raises Forbidden: it does not.
        """
        if time.monotonic() >= self._next_look:
            self._look()
        decisions = self._decisions
        key = (rule, context.project, context.roles, context.user_id)
        allowed = decisions.get(key)
        if allowed is None:
            allowed = self._decide(context, rule)
            if self._keeps and len(decisions) < _REMEMBERED:
                decisions[key] = allowed
        if not allowed:
            raise Forbidden

    def _decide(self, context: RequestContext, rule: str) -> bool:
        enforcer = self._enforcer
        target = {"project_id": context.project}
        credentials = {
            "project_id": context.project,
            "user_id": context.user_id,
            "roles": sorted(context.roles),
        }
        is_admin = bool(enforcer.enforce("context_is_admin", target, dict(credentials)))
        return bool(enforcer.enforce(rule, target, {**credentials, "is_admin": is_admin}))

    def _look(self) -> None:
        """Load the files again if they changed; on an error the rules in force stay in force."""
        if not self._lock.acquire(blocking=False):
            return  # another thread is at it
        try:
            self._next_look = time.monotonic() + _LOOK_EVERY
            if len(self._decisions) >= _REMEMBERED:
                self._decisions = {}
            fingerprint = _fingerprint(self._conf)
            if fingerprint != self._fingerprint:
                self._fingerprint = fingerprint
                self._reload()
        finally:
            self._lock.release()

    def _reload(self) -> None:
        try:
            enforcer = _load(self._conf)
        except StartError as error:
            LOG.error("the changed policy is not used: %s", error)
            return
        self._keeps = not _asks_others(enforcer)
        self._enforcer = enforcer
        self._decisions = {}
        LOG.info("the policy was loaded again")


def _action_rules() -> list[oslo_policy.DocumentedRuleDefault]:
    """One per rule name; an action can share the rule of another, as pop does with deletion."""
    operations: dict[str, list[oslo_policy.Operation]] = {}
    summaries: dict[str, list[str]] = {}
    checks: dict[str, str] = {}
    for action in table.ALL:
        if action.rule is None:
            continue
        binding: oslo_policy.Operation = {"method": action.http.method, "path": action.http.path}
        known = operations.setdefault(action.rule, [])
        if binding not in known:
            known.append(binding)
        summaries.setdefault(action.rule, []).append(action.summary)
        checks[action.rule] = action.default_check
    return [
        oslo_policy.DocumentedRuleDefault(rule, checks[rule], " ".join(summaries[rule]), bound)
        for rule, bound in operations.items()
    ]


def _load(conf: cfg.ConfigOpts) -> oslo_policy.Enforcer:
    _insist_on_file(conf)
    enforcer = oslo_policy.Enforcer(conf)
    enforcer.register_defaults(list_rules())
    try:
        enforcer.load_rules(force_reload=True)
        enforcer.check_rules(raise_on_violation=True)
    except oslo_policy.InvalidDefinitionError as error:
        raise StartError(f"[oslo_policy] policy_file: {error}") from error
    except (ValueError, TypeError, AttributeError, OSError, cfg.Error) as error:
        text = " ".join(str(error).split())
        raise StartError(f"[oslo_policy] policy_file cannot be understood: {text}") from error
    _insist_on_sense(enforcer)
    enforcer.use_conf = False  # else every decision looks at the files, and a lost one opens all
    return enforcer


def _insist_on_file(conf: cfg.ConfigOpts) -> None:
    """oslo.policy goes on without a file that was asked for and is not there, or not readable."""
    name = conf.oslo_policy.policy_file
    location = conf.get_location("policy_file", "oslo_policy")
    is_chosen = location is not None and location.location.is_user_controlled
    path = conf.find_file(name)
    if path is None:
        if is_chosen:
            raise StartError(f"[oslo_policy] policy_file: there is no file {name!r}")
        return
    try:
        Path(path).read_bytes()
    except OSError as error:
        raise StartError(f"[oslo_policy] policy_file: {error}") from error


def _insist_on_sense(enforcer: oslo_policy.Enforcer) -> None:
    """oslo.policy turns a check that it cannot parse into one that refuses everybody."""
    for rule in enforcer.file_rules.values():
        if str(rule.check) == "!" and rule.check_str != "!":
            raise StartError(
                f"[oslo_policy] policy_file: the check of {rule.name!r} cannot be understood: "
                f"{rule.check_str!r}"
            )


def _asks_others(enforcer: oslo_policy.Enforcer) -> bool:
    """Whether a rule asks a remote service, whose answers are not ours to remember."""
    return any("http:" in text or "https:" in text for text in map(str, enforcer.rules.values()))


def _fingerprint(conf: cfg.ConfigOpts) -> Fingerprint:
    """What tells whether the policy files are as they were."""
    names = [conf.oslo_policy.policy_file, *conf.oslo_policy.policy_dirs]
    roots = [Path(found) for name in names if (found := conf.find_file(name))]
    files = [*roots, *(file for root in roots if root.is_dir() for file in root.iterdir())]
    return frozenset(filter(None, map(_state, files)))


def _state(path: Path) -> tuple[str, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return str(path), status.st_mtime_ns, status.st_size
