"""For migrations that make many tables: their models are rendered once, not after each of them."""

from django.db.migrations.operations.base import Operation


class AtOnce(Operation):
    """Operations of which none needs another's models: creating tables, adding triggers.

    Every model of the portal hangs together with most others, and Django renders all of them anew
    after each operation; for fifty tables that takes longer than making them. Here what was
    rendered is dropped first, so it is done once, when the first operation asks.

    Tables may point at each other in any order: PostgreSQL gets foreign keys at the end. Fields
    are not added to a table of the same ``AtOnce``; it is made with them already.
    """

    def __init__(self, operations: list[Operation]):
        self.operations = operations

    def deconstruct(self):
        return self.__class__.__qualname__, [self.operations], {}

    def state_forwards(self, app_label, state):
        state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        for operation in reversed(self.operations):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self):
        return "At once: " + "; ".join(operation.describe() for operation in self.operations)
