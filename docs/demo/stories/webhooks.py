"""A payment webhook must count once. A wrong turn follows: the demo goes back before it."""

from __future__ import annotations

from docs.demo.session import Session
from docs.demo.stories.checkout import CWD
from tests.support.entries import OPUS

HANDLER = f"{CWD}/shop/payments/webhooks.py"
LOCK = f"{CWD}/shop/payments/lock.py"

HANDLER_PY = '''\
from shop import orders
from shop.payments.provider import verify_signature


def receive(request):
    """Take a notification of the payment provider."""
    event = verify_signature(request)
    if event.kind == "payment.captured":
        orders.mark_paid(event.order_id, event.amount)
        orders.send_receipt(event.order_id)
    return 200
'''

OLD_BODY = """\
    event = verify_signature(request)
    if event.kind"""

NEW_BODY = """\
    event = verify_signature(request)
    if db.execute("SELECT 1 FROM payment_events WHERE id = %s", (event.id,)).fetchone():
        return 200
    if event.kind"""

INSERT_FIRST = """\
    event = verify_signature(request)
    with db.transaction():
        first = db.execute(
            "INSERT INTO payment_events (id) VALUES (%s) ON CONFLICT DO NOTHING RETURNING id",
            (event.id,),
        ).fetchone()
        if first is None:
            return 200
        apply(event)
    return 200"""

LOCK_PY = '''\
import secrets
from contextlib import contextmanager

from shop.redis import redis


@contextmanager
def lock(name, seconds=5):
    """Hold a lock in Redis for at most some seconds."""
    token = secrets.token_hex(8)
    while not redis.set(name, token, nx=True, ex=seconds):
        redis.blpop(f"{name}:free", timeout=seconds)
    try:
        yield
    finally:
        if redis.get(name) == token:
            redis.delete(name)
            redis.rpush(f"{name}:free", 1)
'''

MIGRATION = """\
CREATE TABLE payment_events (
    id          text PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payment_events_received_at ON payment_events (received_at);
"""

PYTEST = {"command": "pytest -q tests/payments", "description": "Run the payment tests"}


def tell() -> Session:
    s = Session(
        "8b6e0a57-21d4-4f3c-b7a9-5d90c4e2f631",
        seed=12,
        cwd=CWD,
        model=OPUS,
        branch="webhooks",
        start="2026-10-13T13:40:00Z",
    )
    _make_idempotent(s)
    _close_the_race(s)
    _try_a_lock(s)
    _chase_the_hang(s)
    _ask_back(s)
    return s


def fork(s: Session) -> Session:
    """The road not taken: a fork before the lock was tried."""
    asked_for_a_lock, _ = s.prompts[2]
    f = s.fork(asked_for_a_lock["parentUuid"], by="sdk")
    f.wait(hours=20)
    f.ask("Write the migration for the events table.", "shop/payments/webhooks.py")
    path = f"{CWD}/migrations/0042_payment_events.sql"
    f.write_file(path, MIGRATION)
    f.run(
        "Bash",
        {"command": "make migrate && pytest -q tests/payments", "description": "Migrate and test"},
        "0042_payment_events.sql applied in 31 ms\n............ [100%]\n12 passed in 1.90s",
    )
    f.answer(
        "`0042_payment_events.sql` creates the table with the event's id as its key, which is all "
        "that the handler relies on. The index is for cleaning up later."
    )
    f.done("Webhooks: the migration")
    f.ask("How long do we have to keep the rows?", "shop/payments/webhooks.py")
    f.answer(
        "As long as the provider may deliver again. Its documentation says 72 hours of retries, "
        "plus replays that support starts by hand, up to 30 days back. I would keep 90 days: at "
        "4,000 payments a day that is 360,000 rows, about 40 MB with the index.",
        thinking="The retention has to exceed the longest redelivery. Retries end after three "
        "days, manual replays reach back thirty. Ninety leaves room for a dispute.",
    )
    f.done()
    return f


def _make_idempotent(s: Session) -> None:
    s.ask("Our payment provider sends the same webhook several times. Make the handler idempotent.")
    s.run(
        "Read",
        {"file_path": HANDLER},
        HANDLER_PY,
        thinking="Deliveries repeat, so the handler needs to know which events it has seen. The "
        "provider gives each event an id. First the code.",
    )
    s.run(
        "Bash",
        {"command": "git log --oneline -5 -- shop/payments", "description": "See recent changes"},
        "77d1e0a Send a receipt when a payment is captured\n1f20b93 Verify webhook signatures\n"
        "c9a8d42 Take payments",
    )
    s.edit_file(
        HANDLER,
        OLD_BODY,
        NEW_BODY,
        text="Since `77d1e0a` a repeated event also sends a second receipt. I remember the ids of "
        "events that were handled.",
    )
    s.run("Bash", PYTEST, "........... [100%]\n11 passed in 1.74s")
    s.answer(
        "An event whose id is in `payment_events` is acknowledged and not applied again. The table "
        "does not exist yet; that needs a migration."
    )
    s.done("Idempotent payment webhooks")


def _close_the_race(s: Session) -> None:
    s.ask("And when two deliveries of one event arrive at the same moment?", "webhooks.py")
    s.edit_file(
        HANDLER,
        NEW_BODY,
        INSERT_FIRST,
        thinking="Check-then-act: both read nothing, both apply. The insert itself has to decide, "
        "inside the transaction that marks the order as paid. Then a crash in between undoes both.",
        text="Then both would find nothing and both would apply it. The insert has to decide.",
    )
    s.run("Bash", PYTEST, "............ [100%]\n12 passed in 1.88s")
    s.answer(
        "The event's id is inserted first, with `ON CONFLICT DO NOTHING`, in the same transaction "
        "as the order. The second delivery waits for the first to commit, then finds its id taken. "
        "If applying fails, the id is rolled back with it and the next delivery tries again."
    )
    s.done()


def _try_a_lock(s: Session) -> None:
    s.ask(
        "I would rather not hold a transaction open while the receipt is sent. Try it with a lock "
        "in Redis instead.",
        "webhooks.py",
    )
    s.write_file(LOCK, LOCK_PY)
    s.edit_file(HANDLER, "    with db.transaction():", '    with lock(f"payment:{event.id}"):')
    s.run("Bash", PYTEST, "............ [100%]\n12 passed in 2.41s")
    s.answer(
        "The handler now holds `payment:<event id>` in Redis for at most five seconds and no "
        "transaction. The tests pass."
    )
    s.done()


def _chase_the_hang(s: Session) -> None:
    s.ask("The tests hang now and then on CI. Have a look.", "webhooks.py", "lock.py")
    runs = s.answer(
        "I run them in a loop, and look at what Redis holds meanwhile.",
        tools=[
            (
                "Bash",
                {
                    "command": "for i in $(seq 30); do timeout 20 pytest -q tests/payments || "
                    "echo HANG $i; done | sort | uniq -c",
                    "description": "Run the tests thirty times",
                },
            ),
            ("Bash", {"command": "redis-cli keys 'payment:*'", "description": "List the locks"}),
        ],
    )
    s.tool_result(runs.tools[1], "payment:evt_71\npayment:evt_71:free")
    s.tool_result(
        runs.tools[0], "     27 12 passed\n      1 HANG 11\n      1 HANG 19\n      1 HANG 26"
    )
    s.answer(
        "Three of thirty hang. When the receipt takes longer than five seconds the lock expires, a "
        "second delivery takes it, and the first no longer pushes to `:free` because the token is "
        "not its own. Whoever waits there then waits in vain. A longer expiry hides it; a renewal "
        "thread would repair it, at the price of more moving parts.",
        thinking="Expiry during the critical section: classic. And the notification list makes it "
        "worse, since only the owner pushes.",
    )
    s.done()


def _ask_back(s: Session) -> None:
    s.ask("This gets complicated. What would you do?", "webhooks.py", "lock.py")
    s.answer(
        "Go back to the insert that decides, and send the receipt after the commit from the outbox "
        "that orders already have. Then no transaction waits for mail, no lock can expire, and "
        "PostgreSQL is the only thing that has to be right."
    )
    s.done()
