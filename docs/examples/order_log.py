"""A flow of one's own over an order management log: parcels that left, and orders that nobody paid for since."""

from tieout.canon.documents import BusinessObject, Event
from tieout.canon.finding import Risk
from tieout.process import Flow, amount, anchor, count, earliest, exists, gate, latest, measure, milestone, related


class OrderLog(Flow):
    """From a placed order to its payment, with the parcels in between."""

    order = anchor(BusinessObject, kind="orders")
    events = related(Event, "objects")
    items = related(events.objects, kind="items")
    packing = related(Event, "objects", of=items, activity="create package")
    packages = related(packing.objects, kind="packages")
    shipping = related(Event, "objects", of=packages)

    placed = milestone(earliest(events.where(activity="place order").at))
    confirmed = milestone(
        earliest(events.where(activity="confirm order").at), after=placed, within="2 days", owner="sales-ops"
    )
    sent = milestone(earliest(shipping.where(activity="send package").at), after=confirmed, owner="warehouse")
    delivered = milestone(latest(shipping.where(activity="package delivered").at), after=sent, owner="warehouse")
    payable = gate(confirmed, sent)
    paid = milestone(
        earliest(events.where(activity="pay order").at),
        after=sent,
        within="30 days",
        owner="AR",
        risk=Risk.OWN_STUCK,
        exposure=amount(order.attribute("price")),
        why="a parcel of the order was sent more than 30 days ago and the order is not paid",
    )

    reminders = measure(count(events.where(activity="payment reminder")))
    value_sent = measure(amount(order.attribute("price")), when=exists(shipping.where(activity="send package")))
