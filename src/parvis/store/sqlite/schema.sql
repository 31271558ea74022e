-- The current schema. A new database is made from this file; tests/contract/test_schema.py proves that migrating
-- an empty one gives the same.

-- One row per record, numbered run << 40 | counter. Header, salt and ciphertext can be deleted, the leaf never.
CREATE TABLE records (
    id INTEGER PRIMARY KEY,
    header BLOB,
    salt BLOB,
    ciphertext BLOB,
    leaf BLOB NOT NULL
);

-- The keys of conversation, hour and run, each wrapped under a term key that stands in the key store.
CREATE TABLE content_keys (
    id BLOB NOT NULL PRIMARY KEY,
    conversation BLOB NOT NULL,
    hour INTEGER NOT NULL,
    run INTEGER NOT NULL,
    term_key BLOB,
    visible_wrap BLOB,
    data TEXT NOT NULL DEFAULT 'rooms',
    first_id INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX content_keys_by_term ON content_keys (term_key) WHERE term_key IS NOT NULL;
-- Those of older archives, until they are wrapped for custodians: none, mostly.
CREATE INDEX content_keys_unplaced ON content_keys (id) WHERE first_id = 0;

-- The same keys for the custodians: sealed to their public key, under a term key of their own or of a hold.
CREATE TABLE custody_wraps (
    content_key BLOB NOT NULL,
    term_key BLOB NOT NULL,
    custodian BLOB NOT NULL,
    wrap BLOB NOT NULL,
    PRIMARY KEY (content_key, term_key)
);
CREATE INDEX custody_wraps_by_term ON custody_wraps (term_key);

-- Every public key that content was ever sealed to; the newest is the one in use.
CREATE TABLE custodians (
    id BLOB NOT NULL PRIMARY KEY,
    suite INTEGER NOT NULL,
    public BLOB NOT NULL,
    shares INTEGER NOT NULL,
    threshold INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    share_checks BLOB NOT NULL
) WITHOUT ROWID;

-- Records whose body may be gone, both ends included, and why. A record of the audit holds the digest of them all.
CREATE TABLE absences (
    first_id INTEGER PRIMARY KEY,
    last_id INTEGER NOT NULL,
    why TEXT NOT NULL
);

-- The identification vault: sealed entries, and the keys of its days, which custodians alone open.
CREATE TABLE vault_keys (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    day_ms INTEGER NOT NULL,
    custodian BLOB NOT NULL,
    term_key BLOB NOT NULL,
    wrap BLOB NOT NULL
);
CREATE TABLE vault (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    sealed BLOB NOT NULL
);
CREATE INDEX vault_by_key ON vault (key);

-- Records found after a commit that failed: they are here, and nobody saw them. Both ends included.
CREATE TABLE undelivered (
    first_id INTEGER PRIMARY KEY,
    last_id INTEGER NOT NULL
);

-- Every run of a server, and when it ended, if it said so.
CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER
);

-- Who may write, one row. `run` is the fencing number; a lease given back has renewed_ms 0.
CREATE TABLE lease (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    run INTEGER NOT NULL,
    machine BLOB NOT NULL,
    renewed_ms INTEGER NOT NULL
);

-- The rooms that survive a restart, each written whole.
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
    lists TEXT NOT NULL,
    hosts TEXT NOT NULL DEFAULT '[]',
    visible_s INTEGER
) WITHOUT ROWID;

-- Every other value that survives a restart, by kind: JSON, each written whole.
CREATE TABLE kept (
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;

-- Which key store belongs to this database, one row.
CREATE TABLE store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id BLOB NOT NULL
);

-- The migrator's stamp.
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
