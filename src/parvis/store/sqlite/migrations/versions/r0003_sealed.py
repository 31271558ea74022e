"""Wraps for the custodians, the identification vault, and what is noted of absent bodies."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the new tables; give content keys two columns."""
    op.execute("ALTER TABLE content_keys ADD COLUMN data TEXT NOT NULL DEFAULT 'rooms'")
    op.execute("ALTER TABLE content_keys ADD COLUMN first_id INTEGER NOT NULL DEFAULT 0")
    op.execute("CREATE INDEX content_keys_by_term ON content_keys (term_key) WHERE term_key IS NOT NULL")
    op.execute("CREATE INDEX content_keys_unplaced ON content_keys (id) WHERE first_id = 0")
    op.execute("""
CREATE TABLE custody_wraps (
    content_key BLOB NOT NULL,
    term_key BLOB NOT NULL,
    custodian BLOB NOT NULL,
    wrap BLOB NOT NULL,
    PRIMARY KEY (content_key, term_key)
)
""")
    op.execute("CREATE INDEX custody_wraps_by_term ON custody_wraps (term_key)")
    op.execute("""
CREATE TABLE custodians (
    id BLOB NOT NULL PRIMARY KEY,
    suite INTEGER NOT NULL,
    public BLOB NOT NULL,
    shares INTEGER NOT NULL,
    threshold INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    share_checks BLOB NOT NULL
) WITHOUT ROWID
""")
    op.execute("""
CREATE TABLE absences (
    first_id INTEGER PRIMARY KEY,
    last_id INTEGER NOT NULL,
    why TEXT NOT NULL
)
""")
    op.execute("""
CREATE TABLE vault_keys (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    day_ms INTEGER NOT NULL,
    custodian BLOB NOT NULL,
    term_key BLOB NOT NULL,
    wrap BLOB NOT NULL
)
""")
    op.execute("""
CREATE TABLE vault (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    sealed BLOB NOT NULL
)
""")
    op.execute("CREATE INDEX vault_by_key ON vault (key)")
