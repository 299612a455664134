"""Flavors: names that projects give to sets of pools (storage-semantics.md 13)."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import pytest

from angarium.errors import ApiError, PoolDoesNotExist
from angarium.storage.driver import ControlDriver
from angarium.testing.control.base import ControlCases, new_name
from angarium.testing.control.listing import NAMES
from angarium.testing.crowd import in_threads
from angarium.testing.data.isolation import LOOK_ALIKES, ODD_PROJECTS
from angarium.testing.effort import scaled
from angarium.testing.queues import new_project
from angarium.testing.traits import Trait, needs


def tagged(driver: ControlDriver, flavor: str) -> list[str]:
    """The names of the pools of a flavor."""
    return [pool.name for pool in driver.find_pools(flavor)]


class FlavorCases(ControlCases):
    """Cases about flavors."""

    def pool_names(self, driver: ControlDriver, count: int) -> list[str]:
        """The names of new pools, in order."""
        return sorted(self.new_pool(driver).name for _ in range(count))

    @needs(Trait.POOLS)
    def test_flavor_tags_its_pools(self, driver: ControlDriver) -> None:
        """In whatever order they are named, each once; nothing else about them changes."""
        project, flavor, (one, two, three) = new_project(), new_name(), self.pool_names(driver, 3)
        before = driver.get_pool(three)
        assert not driver.has_flavor(project, flavor)
        driver.put_flavor(project, flavor, [two, one, two])
        assert driver.has_flavor(project, flavor)
        assert driver.list_flavors(project, marker="", limit=10) == [flavor]
        assert tagged(driver, flavor) == [one, two]
        assert driver.get_pool(three) == before
        pool = driver.get_pool(one)
        assert pool is not None
        assert (pool.uri, pool.weight, pool.options) == (f"memory://{one}", 1, {})

    @needs(Trait.POOLS)
    def test_flavor_is_replaced(self, driver: ControlDriver) -> None:
        """Exactly the pools that are named have its tag afterwards, wherever they were before."""
        project, first, second = new_project(), new_name(), new_name()
        one, two, three = self.pool_names(driver, 3)
        driver.put_flavor(project, first, [one, two])
        driver.put_flavor(project, second, [three])
        driver.put_flavor(project, first, [two, three])
        assert (tagged(driver, first), tagged(driver, second)) == ([two, three], [])
        left = driver.get_pool(one)
        assert left is not None
        assert left.flavor == ""
        assert driver.list_flavors(project, marker="", limit=10) == sorted([first, second])

    @needs(Trait.POOLS)
    def test_flavor_without_pools(self, driver: ControlDriver) -> None:
        """Is there all the same; so a flavor can lose all of its pools."""
        project, flavor, (one,) = new_project(), new_name(), self.pool_names(driver, 1)
        driver.put_flavor(project, flavor, [one])
        driver.put_flavor(project, flavor, [])
        assert driver.has_flavor(project, flavor)
        assert tagged(driver, flavor) == []

    @needs(Trait.POOLS)
    def test_unknown_pool_changes_nothing(self, driver: ControlDriver) -> None:
        """All of the pools are tagged or none; the refusal names the one that is missing."""
        project, flavor, missing = new_project(), new_name(), new_name()
        one, two = self.pool_names(driver, 2)
        for pools in ([one, missing], [missing], [missing, one, two]):
            with pytest.raises(PoolDoesNotExist) as refusal:
                driver.put_flavor(project, flavor, pools)
            assert refusal.value.name == missing
        assert not driver.has_flavor(project, flavor)
        assert tagged(driver, flavor) == []
        driver.put_flavor(project, flavor, [one])
        with pytest.raises(PoolDoesNotExist):
            driver.put_flavor(project, flavor, [two, missing])
        assert tagged(driver, flavor) == [one]

    @needs(Trait.POOLS)
    def test_deleted_flavor_frees_its_pools(self, driver: ControlDriver) -> None:
        """They have no tag any more; a second deletion is silent."""
        project, flavor, pools = new_project(), new_name(), self.pool_names(driver, 2)
        driver.put_flavor(project, flavor, pools)
        for _ in range(2):
            driver.delete_flavor(project, flavor)
            assert not driver.has_flavor(project, flavor)
            assert tagged(driver, flavor) == []
        assert set(pools) <= set(tagged(driver, ""))

    @needs(Trait.POOLS)
    def test_deletion_of_an_absent_flavor_changes_nothing(self, driver: ControlDriver) -> None:
        """Not even the pools that were given that tag by hand."""
        flavor = new_name()
        pool = self.new_pool(driver, flavor=flavor)
        driver.delete_flavor(new_project(), flavor)
        assert driver.find_pools(flavor) == [pool]

    @needs(Trait.POOLS)
    def test_two_projects_share_a_name(self, driver: ControlDriver) -> None:
        """Each has the flavor until it deletes it; the pools keep the tag until both have."""
        one, other, flavor = new_project(), new_project(), new_name()
        pools = self.pool_names(driver, 2)
        driver.put_flavor(one, flavor, pools)
        assert not driver.has_flavor(other, flavor)
        assert driver.list_flavors(other, marker="", limit=10) == []
        driver.delete_flavor(other, flavor)
        assert tagged(driver, flavor) == pools
        driver.put_flavor(other, flavor, pools[:1])
        assert tagged(driver, flavor) == pools[:1]
        driver.delete_flavor(one, flavor)
        assert (driver.has_flavor(one, flavor), driver.has_flavor(other, flavor)) == (False, True)
        assert tagged(driver, flavor) == pools[:1]
        driver.delete_flavor(other, flavor)
        assert tagged(driver, flavor) == []

    @needs(Trait.POOLS)
    def test_flavors_in_code_point_order(self, driver: ControlDriver) -> None:
        """Strictly after the marker, existing or not; a page is short only at the end."""
        project, prefix = new_project(), new_name()
        wanted = [f"{prefix}{name}" for name in NAMES]
        for name in wanted[::2] + wanted[1::2]:
            driver.put_flavor(project, name, [])
        assert driver.list_flavors(project, marker="", limit=100) == wanted
        for marker in ("", prefix, f"{prefix}A", f"{prefix}AA", f"{prefix}a.", "é", "\x00"):
            after = [name for name in wanted if name > marker]
            assert driver.list_flavors(project, marker=marker, limit=4) == after[:4]

    @pytest.mark.parametrize("odd", ODD_PROJECTS)
    @needs(Trait.POOLS)
    def test_flavors_of_odd_projects(self, driver: ControlDriver, odd: str) -> None:
        """A project id is any text of up to 256 characters, compared byte by byte."""
        core, flavor = new_project(), new_name()
        one, alike = ODD_PROJECTS[odd].format(core), LOOK_ALIKES.get(odd, "{}").format(core)
        driver.put_flavor(one, flavor, [])
        driver.put_flavor(one, flavor.upper(), [])
        assert not driver.has_flavor(alike, flavor)
        assert driver.list_flavors(one, marker="", limit=9) == sorted([flavor, flavor.upper()])
        driver.delete_flavor(alike, flavor)
        driver.delete_flavor(one, flavor.upper())
        assert driver.list_flavors(one, marker="", limit=9) == [flavor]

    @needs(Trait.POOLS)
    def test_flavors_that_want_the_same_pools(self, driver: ControlDriver) -> None:
        """Of those that ask at once, one gets all of them."""
        project, pools = new_project(), self.pool_names(driver, 4)
        flavors = [new_name() for _ in range(3)]
        for _ in range(scaled(10, 100)):
            jobs = [partial(driver.put_flavor, project, flavor, pools) for flavor in flavors]
            in_threads([*jobs, partial(driver.put_flavor, project, flavors[0], pools[::-1])])
            assert sorted(len(tagged(driver, flavor)) for flavor in flavors) == [0, 0, 4]

    @needs(Trait.POOLS)
    def test_flavor_amid_the_deletion_of_a_pool(self, driver: ControlDriver) -> None:
        """Either the pool is gone first and nothing is tagged, or it is tagged and stays."""
        for _ in range(scaled(10, 100)):
            project, flavor, (one, two) = new_project(), new_name(), self.pool_names(driver, 2)

            def put(project: str = project, flavor: str = flavor, one: str = one) -> None:
                with suppress(PoolDoesNotExist):
                    driver.put_flavor(project, flavor, [one])

            def delete(one: str = one) -> None:
                with suppress(ApiError):
                    driver.delete_pool(one)

            in_threads([put, delete])
            is_there = driver.get_pool(one) is not None
            assert driver.has_flavor(project, flavor) is is_there
            assert tagged(driver, flavor) == ([one] if is_there else [])
            assert driver.get_pool(two) is not None
