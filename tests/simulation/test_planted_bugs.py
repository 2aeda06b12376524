"""The simulator has teeth: each of these bugs, planted into the real actors, is found."""

from collections.abc import Callable

import pytest

from simulation.run import simulate
from tests.simulation import planted_in_actors, planted_in_commits

SEEDS_MAX = 30
STEPS = 120

Plant = Callable[[pytest.MonkeyPatch], None]

PLANTED: list[tuple[Plant, str]] = [
    (planted_in_actors.memory_before_commit, "database"),
    (planted_in_actors.unknown_is_failure, "database"),
    (planted_in_actors.unknown_is_success, "database"),
    (planted_in_actors.keys_are_ignored, "busy"),
    (planted_in_actors.prices_before_arming_are_lost, "busy"),
    (planted_in_actors.prices_are_kept_for_nobody, "busy"),
    (planted_in_actors.hold_is_released_twice, "calm"),
    (planted_in_actors.costs_are_rounded_down, "calm"),
    (planted_in_actors.hits_do_not_arm_again, "calm"),
    (planted_in_actors.closes_overtake_hits, "busy"),
    (planted_in_actors.stops_hold_from_arming_on, "busy"),
    (planted_in_actors.stops_loosen, "calm"),
    (planted_in_actors.opens_overtake_pauses, "database"),
    (planted_in_actors.stops_are_answered_too_early, "busy"),
    (planted_in_actors.pauses_end_with_a_markets_life, "failures"),
    (planted_in_actors.bookings_are_not_told_again, "failures"),
    (planted_in_actors.restart_reads_too_early, "failures"),
    (planted_in_actors.nobody_is_fenced, "kills"),
    (planted_in_commits.expired_opens_are_made, "database"),
    (planted_in_commits.acknowledged_before_the_commit, "database"),
    (planted_in_commits.commits_are_announced_twice, "database"),
    (planted_in_commits.earlier_rows_win, "database"),
    (planted_in_commits.gaps_skip_rungs, "calm"),
    (planted_in_commits.rungs_loosen_stops, "calm"),
    (planted_in_commits.leases_are_not_waited_for, "owners"),
    (planted_in_commits.deposed_owners_go_on, "owners"),
    (planted_in_commits.lost_answers_are_success, "database"),
    (planted_in_commits.notifications_are_remembered_first, "busy"),
    (planted_in_commits.old_prices_are_news, "busy"),
]


@pytest.mark.parametrize(
    ("plant", "weather"), PLANTED, ids=[plant.__name__ for plant, _ in PLANTED]
)
def test_a_planted_bug_is_found(
    plant: Plant, weather: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken protocol or a wrong digit does not get through a few seeds."""
    plant(monkeypatch)
    with pytest.raises(AssertionError, match=r"^Violation: "):
        simulate_all(weather)


def simulate_all(weather: str) -> None:
    """Go through a few seeds in a weather."""
    for seed in range(SEEDS_MAX):
        simulate(weather, seed, STEPS)
