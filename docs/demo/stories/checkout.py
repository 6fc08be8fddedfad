"""A shop's checkout is slow; a subagent looks for who else is concerned."""

from __future__ import annotations

from docs.demo.session import Session
from tests.support.entries import HAIKU

CWD = "/home/ada/shop"
CART, CATALOG = f"{CWD}/shop/cart.py", f"{CWD}/shop/catalog.py"

CART_PY = '''\
from decimal import Decimal

from shop.catalog import price_of


def total(cart):
    """The price of everything in the cart, discounts included."""
    amount = Decimal(0)
    for line in cart.lines:
        amount += price_of(line.sku) * line.quantity
    return amount - discount(cart)


def discount(cart):
    """Ten percent on a line, from the tenth piece on."""
    reduction = Decimal(0)
    for line in cart.lines:
        if line.quantity >= 10:
            reduction += price_of(line.sku) * line.quantity / 10
    return reduction
'''

CATALOG_PY = '''\
from shop.db import connection


def price_of(sku):
    """The current price of an article."""
    with connection() as db:
        row = db.execute(
            "SELECT price FROM prices WHERE sku = %s ORDER BY valid_from DESC LIMIT 1", (sku,)
        ).fetchone()
    return row.price
'''

PRICES_OF = '''\


def prices_of(skus):
    """The current prices of several articles, in one query."""
    with connection() as db:
        rows = db.execute(
            "SELECT DISTINCT ON (sku) sku, price FROM prices"
            " WHERE sku = ANY(%s) ORDER BY sku, valid_from DESC",
            (list(skus),),
        ).fetchall()
    return {row.sku: row.price for row in rows}
'''

OLD_TOTAL = """\
    amount = Decimal(0)
    for line in cart.lines:
        amount += price_of(line.sku) * line.quantity
    return amount - discount(cart)"""

NEW_TOTAL = """\
    prices = prices_of(line.sku for line in cart.lines)
    amount = sum((prices[line.sku] * line.quantity for line in cart.lines), Decimal(0))
    return amount - discount(cart, prices)"""

OLD_DISCOUNT = '''\
def discount(cart):
    """Ten percent on a line, from the tenth piece on."""
    reduction = Decimal(0)
    for line in cart.lines:
        if line.quantity >= 10:
            reduction += price_of(line.sku) * line.quantity / 10
    return reduction'''

NEW_DISCOUNT = '''\
def discount(cart, prices):
    """Ten percent on a line, from the tenth piece on."""
    large = (line for line in cart.lines if line.quantity >= 10)
    return sum((prices[line.sku] * line.quantity / 10 for line in large), Decimal(0))'''

TEST = """\
from shop.cart import total


def test_a_cart_is_priced_in_one_query(count_queries, make_cart):
    with count_queries() as queries:
        total(make_cart(lines=40))
    assert len(queries) == 1
"""


def tell() -> Session:
    s = Session(
        "3f1c2d84-7a55-4c1e-9d2b-0c7e5a1b9f10", seed=11, cwd=CWD, start="2026-09-28T07:12:00Z"
    )
    s.branch = "checkout-speed"
    _find(s)
    _repair(s)
    _test(s)
    _commit(s)
    return s


def _find(s: Session) -> None:
    s.ask("The checkout page takes three seconds with a full cart. Where does the time go?")
    s.run(
        "Read",
        {"file_path": CART},
        CART_PY,
        thinking="A page that gets slower with the cart: something runs once per line. I read how "
        "the total is computed before I guess.",
        text="I start with how a cart is priced.",
    )
    s.run("Read", {"file_path": CATALOG}, CATALOG_PY)
    s.run(
        "Bash",
        {
            "command": "python -m scripts.profile_checkout --lines 40",
            "description": "Profile a checkout with 40 lines",
        },
        "checkout of 40 lines: 2.91 s\n"
        "  2.78 s   80 x  SELECT price FROM prices WHERE sku = %s ...\n"
        "  0.08 s    1 x  SELECT * FROM carts WHERE id = %s\n"
        "  0.05 s         rendering",
        text="Two loops ask for a price each. The profile should show it.",
    )
    task = s.answer(
        "80 queries for 40 lines. Before I change `price_of` I want to know who else relies on it.",
        tools=[
            (
                "Task",
                {
                    "description": "Find callers of price_of",
                    "prompt": "Find every caller of price_of() in this repository. For each, say "
                    "whether it asks for one article or loops over several. Do not edit anything.",
                    "subagent_type": "Explore",
                },
            )
        ],
    )
    _explore(s, task.tools[0])
    s.answer(
        "The time goes into prices. `total` asks the database once per line, and `discount` asks "
        "again for the same lines: a cart of 40 lines makes 80 queries, 2.8 of the 2.9 seconds.\n\n"
        "One query for all articles of the cart would do. The export job has the same loop; the "
        "other two callers want a single price, so `price_of` should stay."
    )
    s.done("Slow checkout: one query per cart line")


def _explore(s: Session, tool_use_id: str) -> None:
    agent = s.subagent(tool_use_id, model=HAIKU)
    found = (
        "shop/cart.py:10:        amount += price_of(line.sku) * line.quantity\n"
        "shop/cart.py:19:            reduction += price_of(line.sku) * line.quantity / 10\n"
        "shop/export.py:31:        row['price'] = price_of(article.sku)\n"
        "shop/views/article.py:14:    price = price_of(sku)\n"
        "shop/api.py:52:    return {'sku': sku, 'price': str(price_of(sku))}"
    )
    command = {"command": "grep -rn 'price_of(' shop", "description": "Find callers"}
    agent.run("Bash", command, found, text="I search for the calls.")
    agent.run(
        "Bash",
        {"command": "sed -n 24,36p shop/export.py", "description": "See the export loop"},
        "def rows():\n    for article in catalog.all_articles():\n        row = article.as_row()\n"
        "        row['price'] = price_of(article.sku)\n        yield row",
    )
    report = (
        "Five calls in four files.\n\n- Loops: `shop/cart.py` (twice), `shop/export.py`.\n"
        "- One article: `shop/views/article.py`, `shop/api.py`."
    )
    agent.answer(report)
    s.subagent_result(agent, report)


def _repair(s: Session) -> None:
    s.ask("Do it in one query for the cart, keep price_of for single articles.")
    last = "    return row.price\n"
    s.edit_file(CATALOG, last, last + PRICES_OF)
    s.edit_file(CART, OLD_TOTAL, NEW_TOTAL)
    s.edit_file(CART, OLD_DISCOUNT, NEW_DISCOUNT)
    pytest = {"command": "pytest -q tests/test_cart.py", "description": "Run the cart's tests"}
    s.run(
        "Bash",
        pytest,
        "E   NameError: name 'prices_of' is not defined\n\nshop/cart.py:8: NameError\n"
        "FAILED tests/test_cart.py::test_total - NameError\n5 failed in 0.61s",
        is_error=True,
    )
    imports = ("from shop.catalog import price_of", "from shop.catalog import prices_of")
    s.edit_file(CART, *imports, text="The import.")
    s.run("Bash", pytest, "..... [100%]\n5 passed in 0.58s")
    s.answer(
        "`prices_of` fetches all prices of a cart in one query, and `discount` uses what `total` "
        "has fetched already. The five cart tests pass; a checkout of 40 lines makes one query."
    )
    s.done()


def _test(s: Session) -> None:
    s.ask("Add a test that would have caught this.", "shop/cart.py", "shop/catalog.py")
    path = f"{CWD}/tests/test_cart_queries.py"
    s.write_file(path, TEST)
    s.run(
        "Bash",
        {
            "command": "pytest -q tests/test_cart_queries.py; git stash -q -- shop; "
            "pytest -q tests/test_cart_queries.py; git stash pop -q",
            "description": "Run the test with and without the change",
        },
        ". [100%]\n1 passed in 0.31s\nF\nE   assert 80 == 1\n1 failed in 2.97s",
        text="A test is worth something if it fails without the change, so I run it both ways.",
    )
    s.answer("It fails on the old code with `80 == 1` and passes on the new one.")
    s.done()


def _commit(s: Session) -> None:
    s.ask("Commit it.", "shop/cart.py", "shop/catalog.py")
    s.run(
        "Bash",
        {
            "command": "git add -A && git commit -qm 'Price a cart in one query' && git log -1 "
            "--stat --oneline",
            "description": "Commit the change",
        },
        "b41f0c2 Price a cart in one query\n shop/cart.py                | 17 ++++++-----------\n"
        " shop/catalog.py             | 12 ++++++++++++\n"
        " tests/test_cart_queries.py  |  7 +++++++\n"
        " 3 files changed, 25 insertions(+), 11 deletions(-)",
    )
    s.answer("Committed as `b41f0c2` on `checkout-speed`. The export job still has its loop.")
    s.done()
