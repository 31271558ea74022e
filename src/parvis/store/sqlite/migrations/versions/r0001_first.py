"""The first schema: records, content keys, runs, the lease, rooms."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.execute("""
CREATE TABLE records (
    id INTEGER PRIMARY KEY,
    header BLOB,
    salt BLOB,
    ciphertext BLOB,
    leaf BLOB NOT NULL
)
""")
    op.execute("""
CREATE TABLE content_keys (
    id BLOB NOT NULL PRIMARY KEY,
    conversation BLOB NOT NULL,
    hour INTEGER NOT NULL,
    run INTEGER NOT NULL,
    term_key BLOB,
    visible_wrap BLOB
) WITHOUT ROWID
""")
    op.execute("""
CREATE TABLE undelivered (
    first_id INTEGER PRIMARY KEY,
    last_id INTEGER NOT NULL
)
""")
    op.execute("""
CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER
)
""")
    op.execute("""
CREATE TABLE lease (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    run INTEGER NOT NULL,
    machine BLOB NOT NULL,
    renewed_ms INTEGER NOT NULL
)
""")
    op.execute("""
CREATE TABLE rooms (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    owner BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    topic TEXT NOT NULL,
    topic_set_by TEXT NOT NULL,
    topic_set_at_ms INTEGER NOT NULL,
    flags TEXT NOT NULL,
    join_key TEXT NOT NULL,
    member_limit INTEGER NOT NULL,
    lists TEXT NOT NULL
) WITHOUT ROWID
""")
    op.execute("""
CREATE TABLE store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id BLOB NOT NULL
)
""")
