-- The log and what moves with it in one transaction. Read models are not here: they are made by `append/engine.py`.
-- Rowid tables: WITHOUT ROWID costs three times the disk and four times the time for rows of this size.

CREATE TABLE log_meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
INSERT INTO log_meta VALUES ('id', lower(hex(randomblob(16))));

-- One row per fact, never changed. What it says is in event_data, so that it can be forgotten.
CREATE TABLE event (
  position INTEGER PRIMARY KEY,  -- global, gapless, from 1
  stream TEXT NOT NULL,
  version INTEGER NOT NULL,      -- in the stream, gapless, from 1
  type TEXT NOT NULL,
  schema INTEGER NOT NULL,       -- number of the type's shape
  at INTEGER NOT NULL,           -- microseconds since the epoch
  actor TEXT NOT NULL,
  cause TEXT,
  origin TEXT,                   -- JSON; of imported events: where they stood
  hash BLOB NOT NULL,            -- SHA-256(salt, data)
  chain BLOB NOT NULL,           -- SHA-256(chain of the event before, header, hash)
  UNIQUE (stream, version)
) STRICT;
CREATE INDEX event_by_type ON event (type);
CREATE INDEX event_by_stream_and_type ON event (stream, type);

CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;

-- Data and salt are both NULL once they were redacted.
CREATE TABLE event_data (
  position INTEGER PRIMARY KEY,
  data TEXT,
  salt BLOB
) STRICT;
CREATE TRIGGER event_data_is_only_redacted BEFORE UPDATE ON event_data
WHEN NEW.position <> OLD.position OR NEW.data IS NOT NULL OR NEW.salt IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the data of an event is redacted or stays as it is'); END;
CREATE TRIGGER event_data_is_never_deleted BEFORE DELETE ON event_data
BEGIN SELECT RAISE(ABORT, 'the data of an event is redacted, its row stays'); END;

-- Commands that were carried out, by their idempotency key.
CREATE TABLE receipt (
  key TEXT PRIMARY KEY,
  stream TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;

-- How far each tape has been translated.
CREATE TABLE tape (
  tape TEXT PRIMARY KEY,
  "offset" INTEGER NOT NULL,
  anchor INTEGER NOT NULL,
  carry BLOB NOT NULL
) STRICT;

-- The decider's state of a stream, so that a stream need not be read whole.
CREATE TABLE snapshot (
  stream TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  state BLOB NOT NULL
) STRICT;

CREATE TABLE stream_state (
  stream TEXT PRIMARY KEY,
  version INTEGER NOT NULL,      -- of its last event
  position INTEGER NOT NULL,     -- of its last event
  projected TEXT NOT NULL        -- signature of the projections that hold all of it; '' for none
) STRICT;
CREATE INDEX stream_state_by_projected ON stream_state (projected, position);

-- The inline read models whose tables exist.
CREATE TABLE projection (
  name TEXT PRIMARY KEY,
  digest TEXT NOT NULL,          -- of name, version and schema
  tables TEXT NOT NULL           -- JSON
) STRICT;

-- Tables of read models that are not used any more and wait to be emptied.
CREATE TABLE discarded (
  name TEXT PRIMARY KEY
) STRICT;

-- Streams that are being projected again.
CREATE TABLE rebuild (
  stream TEXT PRIMARY KEY,
  signature TEXT NOT NULL,       -- what it is projected for
  version INTEGER NOT NULL       -- up to here it is
) STRICT;

-- A projection raised: it is left out for that stream until its code changes.
CREATE TABLE stale (
  stream TEXT NOT NULL,
  projection TEXT NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (stream, projection)
) STRICT;
