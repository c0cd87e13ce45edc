-- A receipt goes when its stream is forgotten.
CREATE INDEX receipt_by_stream ON receipt (stream);
