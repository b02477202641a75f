"""What the ledger's own verification cannot know: whether orders, gifts, settlements and clearings
stand behind what their transfers say. Registered with ``points.verification``.
"""

from django.utils.translation import gettext_lazy

from points.verification import Check, register

CHECKS = (
    Check(
        "order",
        gettext_lazy("兑换与兑换单"),
        "points_transfer",
        gettext_lazy("流水 %(key)s（%(amount)s）背后没有一张同额、同样了结的兑换单"),
        """
        SELECT t.id, t.community_id, t.key, t.amount
          FROM points_transfer t
         WHERE t.id > %(after)s AND t.kind IN ('hold', 'capture', 'void', 'reverse')
           AND t.key LIKE 'order:%%'
           AND NOT EXISTS (
               SELECT 1 FROM exchange_order o
                WHERE o.points = t.amount AND split_part(t.key, ':', 2) = o.id::text
                  AND CASE t.kind
                      WHEN 'hold' THEN o.hold_id = t.id AND o.account_id = t.debit_id
                      WHEN 'capture' THEN o.ending_id = t.id AND o.hold_id = t.pending_of_id
                                          AND o.state IN ('issued', 'reversed')
                      WHEN 'void' THEN o.ending_id = t.id AND o.hold_id = t.pending_of_id
                                       AND o.state IN ('cancelled', 'refused', 'expired')
                      ELSE o.ending_id = t.reversal_of_id AND o.state = 'reversed' END)
        """,
    ),
    Check(
        "ended",
        gettext_lazy("兑换单与流水"),
        "exchange_order",
        gettext_lazy("兑换单 %(id)s（%(state)s）的冻结另有了结，或退回没有流水"),
        """
        SELECT o.id, o.area_id AS community_id, o.state
          FROM exchange_order o
         WHERE (o.hold_id > %(after)s OR o.ending_id > %(after)s)
           AND (EXISTS (SELECT 1 FROM points_transfer t
                         WHERE t.pending_of_id = o.hold_id
                           AND t.id IS DISTINCT FROM o.ending_id)
                OR (o.state = 'reversed') <> EXISTS (
                   SELECT 1 FROM points_transfer t WHERE t.reversal_of_id = o.ending_id))
        """,
    ),
    Check(
        "gift",
        gettext_lazy("捐赠与公益池"),
        "points_transfer",
        gettext_lazy("捐赠流水 %(key)s（%(amount)s）背后没有一次同额的捐赠"),
        """
        SELECT t.id, t.community_id, t.key, t.amount
          FROM points_transfer t
         WHERE t.id > %(after)s AND t.kind = 'donate'
           AND NOT EXISTS (
               SELECT 1 FROM exchange_gift g JOIN points_account a ON a.id = t.debit_id
                WHERE g.transfer_id = t.id AND g.points = t.amount AND g.person_id = a.person_id)
        """,
    ),
    Check(
        "settle",
        gettext_lazy("结算与结算单"),
        "points_transfer",
        gettext_lazy("结算流水 %(key)s（%(amount)s）背后没有一张批准的、明细同额的商家结算单"),
        """
        SELECT t.id, t.community_id, t.key, t.amount
          FROM points_transfer t
         WHERE t.id > %(after)s AND t.kind = 'settle'
           AND NOT EXISTS (
               SELECT 1 FROM exchange_settlement s
                 JOIN points_account d ON d.id = t.debit_id
                 JOIN points_account c ON c.id = t.credit_id
                WHERE t.key = 'settle:' || s.id || ':' || t.community_id
                  AND s.state IN ('approved', 'paid', 'closed')
                  AND (s.submitted_by_id, s.approved_by_id) = (t.actor_id, t.approver_id)
                  AND d.kind = 'merchant' AND d.organization_id = s.organization_id
                  AND c.kind = 'clearing'
                  AND t.amount = (SELECT sum(l.points) FROM exchange_settlementline l
                                   WHERE l.settlement_id = s.id AND l.payer_id = t.community_id
                                     AND l.state IN ('ok', 'upheld', 'disputed', 'reversing')))
        """,
    ),
    Check(
        "clear",
        gettext_lazy("清算与清算表"),
        "points_transfer",
        gettext_lazy("清算流水 %(key)s（%(amount)s）背后没有一张批准的清算表"),
        """
        SELECT t.id, t.community_id, t.key, t.amount
          FROM points_transfer t
          JOIN points_account d ON d.id = t.debit_id
          JOIN points_account c ON c.id = t.credit_id
         WHERE t.id > %(after)s AND t.kind <> 'settle' AND t.kind <> 'reverse'
           AND 'clearing' IN (d.kind, c.kind)
           AND NOT EXISTS (
               SELECT 1 FROM exchange_clearing s
                 JOIN exchange_clearingrow r ON r.clearing_id = s.id
                WHERE t.key = 'clear:' || s.id || ':' || t.community_id AND s.state = 'posted'
                  AND r.community_id = t.community_id AND r.earned = t.amount
                  AND d.kind = 'clearing' AND t.kind = 'clear')
        """,
    ),
    Check(
        "stock",
        gettext_lazy("库存与库存流水"),
        "exchange_offer",
        gettext_lazy(
            "库存 %(id)s：流水合计在库 %(want_hand)s、预留 %(want_reserved)s，待领取 %(open)s 件，"
            "实为在库 %(on_hand)s、预留 %(reserved)s"
        ),
        """
        SELECT f.id, o.books_id AS community_id, f.on_hand, f.reserved,
               coalesce(e.hand, 0) AS want_hand, coalesce(e.reserved, 0) AS want_reserved,
               coalesce(w.open, 0) AS open
          FROM exchange_offer f
          JOIN exchange_outlet o ON o.id = f.outlet_id
          LEFT JOIN (SELECT offer_id, sum(on_hand_delta) AS hand, sum(reserved_delta) AS reserved
                       FROM exchange_stockentry GROUP BY offer_id) e ON e.offer_id = f.id
          LEFT JOIN (SELECT offer_id, sum(quantity) AS open
                       FROM exchange_order WHERE state = 'reserved' GROUP BY offer_id) w
            ON w.offer_id = f.id
         WHERE (f.on_hand, f.reserved) <> (coalesce(e.hand, 0), coalesce(e.reserved, 0))
            OR f.reserved <> coalesce(w.open, 0)
        """,
        only_full=True,
    ),
)


def enrol() -> None:
    register(*CHECKS)
