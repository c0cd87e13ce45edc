"""One-time links."""

from agentguid.http.tickets import FAILURES, LIFETIME, OUTSTANDING, Failures, Tickets


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_ticket_works_once() -> None:
    tickets = Tickets()
    ticket = tickets.issue()

    assert tickets.holds(ticket)
    assert tickets.take(ticket)
    assert not tickets.holds(ticket)
    assert not tickets.take(ticket)


def test_a_ticket_holds_for_five_minutes() -> None:
    clock = Clock()
    tickets = Tickets(clock)
    late, last = tickets.issue(), tickets.issue()

    clock.now = LIFETIME - 0.01
    assert tickets.take(last)
    clock.now = LIFETIME
    assert not tickets.take(late)


def test_tickets_do_not_pile_up() -> None:
    tickets = Tickets()
    all_of_them = [tickets.issue() for _ in range(OUTSTANDING + 5)]

    assert sum(tickets.holds(one) for one in all_of_them) == OUTSTANDING
    assert tickets.holds(all_of_them[-1])


def test_the_eleventh_failure_within_a_minute_is_one_too_many() -> None:
    clock = Clock()
    failures = Failures(clock)

    assert not any(failures.add("a") for _ in range(FAILURES))
    assert failures.add("a")
    assert not failures.add("b")
    clock.now = 61
    assert not failures.add("a")


def test_failures_of_many_addresses_are_forgotten() -> None:
    failures = Failures()
    for number in range(5000):
        failures.add(str(number))

    assert len(failures._times) <= 1000
