"""Values that last (accounts and more), and what a room keeps besides: its hosts, and how much of it is visible."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of kept values; give rooms two columns."""
    op.execute("""
CREATE TABLE kept (
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID
""")
    op.execute("ALTER TABLE rooms ADD COLUMN hosts TEXT NOT NULL DEFAULT '[]'")
    op.execute("ALTER TABLE rooms ADD COLUMN visible_s INTEGER")
