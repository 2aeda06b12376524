"""What the main thread of the service waits for."""

from threading import Thread

from backstay.service.running.serve import Calls


def test_the_first_reason_wins() -> None:
    """However often it was looked at meanwhile: a failure that came first is not exit code 0."""
    calls = Calls()
    assert not calls.stop_within(0)
    calls.fail("the first")
    assert calls.stop_within(0)
    calls.fail("the second")
    assert calls.stop_within(0)
    assert (calls.next(), calls.next()) == ("the first", "the first")


def test_a_failure_on_another_thread_is_heard_while_waiting() -> None:
    """The main thread waits without an end, and without looking again and again."""
    calls = Calls()
    failing = Thread(target=calls.fail, args=("the web server ended",))
    failing.start()
    assert calls.stop_within(30)
    assert calls.next() == "the web server ended"
    failing.join()
