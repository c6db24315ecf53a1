import pytest

from humidor_common.auth import ROLE_SCOPES, SCOPES, Principal, scopes_of
from humidor_common.web.problems import Problem


def test_every_role_carries_only_scopes_that_exist() -> None:
    for scopes in ROLE_SCOPES.values():
        assert scopes <= SCOPES


def test_whoever_may_write_may_read() -> None:
    for scopes in ROLE_SCOPES.values():
        writable = {scope.partition(":")[0] for scope in scopes if scope.endswith(":write")}
        assert {f"{service}:read" for service in writable} <= scopes


def test_only_the_admin_role_administers() -> None:
    for role, scopes in ROLE_SCOPES.items():
        assert role == "admin" or not any(scope.endswith(":admin") for scope in scopes)


def test_an_auditor_reads_everything_and_changes_nothing() -> None:
    assert all(scope.endswith(":read") for scope in ROLE_SCOPES["auditor"])
    assert {scope for scope in SCOPES if scope.endswith(":read")} == ROLE_SCOPES["auditor"]


def test_roles_add_up() -> None:
    assert scopes_of(["clerk", "quality"]) == ROLE_SCOPES["clerk"] | ROLE_SCOPES["quality"]
    assert scopes_of([]) == frozenset()


def test_an_unknown_role_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown role"):
        scopes_of(["root"])


def test_a_principal_bound_to_stores_is_refused_elsewhere() -> None:
    principal = Principal(subject="t1", kind="terminal", stores=frozenset({"S0001"}))
    principal.check_store("S0001")
    with pytest.raises(Problem) as caught:
        principal.check_store("S0002")
    assert (caught.value.status, caught.value.code) == (403, "store-forbidden")


def test_a_principal_bound_to_no_store_is_refused_everywhere() -> None:
    assert not Principal(subject="u", kind="user", stores=frozenset()).may_use_store("S0001")


def test_stores_none_means_every_store() -> None:
    assert Principal(subject="u", kind="user").may_use_store("anything")
