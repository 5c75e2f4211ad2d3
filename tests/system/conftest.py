"""Lets the helpers of the system tests say what differed, as the tests themselves do."""

import pytest

pytest.register_assert_rewrite("tests.system.checks", "tests.system.front_end", "tests.system.scorers")
