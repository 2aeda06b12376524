"""The simulator has teeth: each of these bugs, planted into the real actors, is found."""

from collections.abc import Callable

import pytest

from backstay.simulation.run import simulate
from tests.simulation import (
    planted_in_actors,
    planted_in_clocks,
    planted_in_commits,
    planted_in_containment,
    planted_in_exits,
    planted_in_files,
    planted_in_markets,
    planted_in_signals,
)

SEEDS_MAX = 30
STEPS = 120

Plant = Callable[[pytest.MonkeyPatch], None]

PLANTED: list[tuple[Plant, str, str]] = [
    (
        planted_in_actors.memory_before_commit,
        "database",
        "memory of|memory has version|the database lacks",
    ),
    (planted_in_actors.unknown_is_failure, "database", "UNIQUE constraint failed"),
    (
        planted_in_actors.unknown_is_success,
        "database",
        "durable is None|announced and not durable|is answered",
    ),
    (planted_in_actors.keys_are_ignored, "busy", "OpenAsked"),
    (planted_in_actors.prices_before_arming_are_lost, "busy", "has not judged price"),
    (planted_in_actors.prices_are_kept_for_nobody, "busy", "who has not answered"),
    (planted_in_actors.hold_is_released_twice, "calm", "locked is|balance_before is"),
    (planted_in_actors.costs_are_rounded_down, "calm", "net_pnl_total is"),
    (planted_in_actors.hits_do_not_arm_again, "calm", "who has not answered|must be done"),
    (planted_in_actors.closes_overtake_hits, "busy", "has not judged price"),
    (planted_in_actors.stops_hold_from_arming_on, "busy", "has not judged price"),
    (planted_in_actors.stops_loosen, "calm", "in spite of stop_invalid|must be stop_invalid"),
    (planted_in_actors.opens_overtake_pauses, "database", "is opened in a pause"),
    (planted_in_actors.stops_are_answered_too_early, "busy", "durable is None"),
    (planted_in_actors.pauses_end_with_a_markets_life, "failures", "starts from"),
    (planted_in_actors.bookings_are_not_told_again, "failures", "not judged price|who is armed"),
    (planted_in_actors.restart_reads_too_early, "failures", "who is armed|durable is|what waits"),
    (planted_in_actors.nobody_is_fenced, "kills", "of deposed epoch .* was taken"),
    (planted_in_commits.expired_opens_are_made, "database", "nobody waits for an open"),
    (
        planted_in_commits.acknowledged_before_the_commit,
        "database",
        "durable is None|is answered with",
    ),
    (planted_in_commits.commits_are_announced_twice, "database", "is announced twice"),
    (planted_in_commits.earlier_rows_win, "database", "nobody broke the books|MISMATCH"),
    (planted_in_commits.gaps_skip_rungs, "calm", "was not told"),
    (planted_in_commits.rungs_loosen_stops, "calm", "stop_price is|stop_before is"),
    (planted_in_commits.leases_are_not_waited_for, "owners", "before the lease is over"),
    (planted_in_commits.deposed_owners_go_on, "owners", "does not find out"),
    (
        planted_in_commits.lost_answers_are_success,
        "database",
        "announced and not durable|booked is None|is answered with",
    ),
    (planted_in_files.lost_files_are_not_noticed, "files", "announced and not durable|is answered"),
    (planted_in_files.lost_files_are_an_outage, "files", "does not find out that its files"),
    (planted_in_commits.notifications_are_remembered_first, "busy", "the phone was not told"),
    (planted_in_commits.old_prices_are_news, "busy", "market .* candidate"),
    (planted_in_actors.opens_are_forced, "busy", "has no quote"),
    (planted_in_commits.rates_are_forgotten, "calm", "fee is"),
    (planted_in_commits.events_are_written_empty, "calm", "event 1: "),
    (planted_in_commits.prices_are_not_kept, "busy", "no price of"),
    (planted_in_clocks.own_mistakes_are_judged, "clocks", "market .* candidate"),
    (planted_in_clocks.wrong_times_hold_prices_back, "clocks", "market .* candidate"),
    (planted_in_clocks.times_begin_anew_silently, "clocks", "not told|'price_times_rebased'"),
    (planted_in_clocks.one_rejection_hides_another, "clocks", "not told|'price_rejected'"),
    (planted_in_markets.markets_retire_under_positions, "markets", "is retired under"),
    (planted_in_markets.rows_of_retired_markets_stay, "markets", "last prices|markets|starts from"),
    (planted_in_containment.unexpected_errors_end_the_committer, "ruins", "committer .* raised"),
    (planted_in_containment.refused_batches_fail_together, "ruins", "write_refused"),
    (planted_in_containment.nobody_is_set_aside, "ruins", "and yet it recovers"),
    (
        planted_in_containment.markets_wait_for_who_is_set_aside,
        "ruins",
        "who has not answered|who is armed|positions with an actor",
    ),
    (planted_in_containment.commands_for_who_is_set_aside_are_passed_on, "ruins", "is denied"),
    (
        planted_in_signals.repetitions_are_stored,
        "alerts",
        "write_refused.*UNIQUE|is a repetition of",
    ),
    (
        planted_in_signals.copies_in_a_group_are_stored,
        "alerts",
        "is a repetition of|write_refused.*UNIQUE",
    ),
    (
        planted_in_signals.other_orders_are_swallowed,
        "alerts",
        "which is another order|a part of a batch",
    ),
    (planted_in_signals.bodies_count_for_a_moment, "alerts", "is a repetition of"),
    (
        planted_in_signals.stored_signals_are_lost_at_a_restart,
        "alerts",
        "the turn is with|signals that wait to be carried out",
    ),
    (planted_in_signals.signals_are_answered_too_early, "alerts", "which is not durable"),
    (
        planted_in_signals.signals_are_carried_out_too_early,
        "alerts",
        "before it is durable|the turn is with",
    ),
    (planted_in_signals.the_next_signal_overtakes, "alerts", "the turn is with"),
    (
        planted_in_signals.batches_are_stored_in_parts,
        "alerts",
        "a part of a batch is stored|which is not durable",
    ),
    (
        planted_in_signals.opposite_positions_stay,
        "alerts",
        "are open|before it has closed",
    ),
    (
        planted_in_signals.signals_open_anew_each_time,
        "alerts",
        "nobody waits for an open|nobody was denied",
    ),
    (planted_in_exits.trails_loosen, "calm", "stop_price is|stop_after is"),
    (planted_in_exits.gaps_skip_steps, "calm", "was not told|best_price is"),
    (planted_in_exits.trails_follow_step_by_step, "calm", "best_price is|has not judged"),
    (planted_in_exits.best_prices_are_forgotten_at_a_restart, "kills", "starts from"),
    (planted_in_exits.time_stops_act_twice, "calm", "exit_price is|open_quantity is"),
    (
        planted_in_exits.time_stops_are_forgotten_at_a_restart,
        "kills",
        "who is armed|has not judged price",
    ),
    (planted_in_exits.time_stops_wait_for_their_price, "calm", "has not judged price|who is armed"),
    (planted_in_exits.known_keys_close_parts_again, "calm", "PositionDivergedError|key_conflict"),
    (planted_in_exits.keys_are_forgotten_by_a_wallets_next_life, "kills", "keys of"),
    (planted_in_exits.rungs_are_replaced_under_the_price, "calm", "ladder_invalid"),
    (planted_in_exits.hit_rungs_are_replaced, "calm", "rungs_hit is|targets_before is"),
    (planted_in_exits.breakeven_net_is_rounded_toward_loss, "calm", "stop_after is|stop_price is"),
    (planted_in_exits.fills_at_level_book_the_price, "calm", "exit_price is"),
    (planted_in_exits.accounts_rates_are_ignored, "calm", "fee is"),
    (planted_in_exits.default_exits_are_ignored, "calm", "nobody waits for an open|ladder_invalid"),
    (planted_in_exits.keyed_changes_are_answered_too_early, "busy", "durable is None"),
    (
        planted_in_exits.changes_that_a_restart_interrupts_are_forgotten,
        "failures",
        "what waits in",
    ),
    (planted_in_exits.changes_keys_answer_for_opens, "busy", "is answered with"),
    (planted_in_exits.signals_close_their_share_again, "alerts", "is closed by"),
]


@pytest.mark.parametrize(
    ("plant", "weather", "words"), PLANTED, ids=[plant.__name__ for plant, *_ in PLANTED]
)
def test_a_planted_bug_is_found(
    plant: Plant, weather: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken protocol or a wrong digit does not get through a few seeds, and is told as such."""
    plant(monkeypatch)
    with pytest.raises(AssertionError, match=rf"^Violation: .*({words})"):
        simulate_all(weather)


def simulate_all(weather: str) -> None:
    """Go through a few seeds in a weather."""
    for seed in range(SEEDS_MAX):
        simulate(weather, seed, STEPS)
