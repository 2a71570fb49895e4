"""The rules of the house: each a pure function from one source file to what it finds there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tests.support import tidy_calls, tidy_imports, tidy_shape
from tests.support.tidy_source import Source

__all__ = ["RULES", "Rule"]

Rule = Callable[[Source], Iterator[str]]

# Rules that look at one file alone; those that need the whole tree stand in the test.
RULES: Mapping[str, Rule] = {
    rule.__name__: rule
    for rule in (
        tidy_imports.layers,
        tidy_imports.actors_know_no_actors,
        tidy_imports.libraries_in_their_place,
        tidy_imports.no_relative_imports,
        tidy_imports.imports_stand_on_top,
        tidy_calls.deterministic_calls,
        tidy_calls.no_set_iteration,
        tidy_calls.coroutines_at_the_edge,
        tidy_calls.minted_in_one_place,
        tidy_calls.no_prints,
        tidy_calls.no_skipped_tests,
        tidy_shape.files_are_short,
        tidy_shape.functions_are_short,
        tidy_shape.lines_are_short,
        tidy_shape.docstring_is_a_sentence,
        tidy_shape.messages_are_frozen,
        tidy_shape.handlers_are_plain,
        tidy_shape.no_leftovers,
        tidy_shape.silenced_checks_say_why,
    )
}
