-- How a call sounded. All of it is absent for a call on which nobody was heard, and a leg's part
-- when nothing came from that leg. Opinion scores are in thousandths, losses per million.

ALTER TABLE cdr ADD COLUMN quality          TEXT;
ALTER TABLE cdr ADD COLUMN network          TEXT;
ALTER TABLE cdr ADD COLUMN caller_verdict   TEXT;
ALTER TABLE cdr ADD COLUMN caller_worse     TEXT;
ALTER TABLE cdr ADD COLUMN caller_mos_milli INTEGER;
ALTER TABLE cdr ADD COLUMN caller_loss_ppm  INTEGER;
ALTER TABLE cdr ADD COLUMN caller_jitter_ms INTEGER;
ALTER TABLE cdr ADD COLUMN caller_rtt_ms    INTEGER;
ALTER TABLE cdr ADD COLUMN agent_verdict    TEXT;
ALTER TABLE cdr ADD COLUMN agent_worse      TEXT;
ALTER TABLE cdr ADD COLUMN agent_mos_milli  INTEGER;
ALTER TABLE cdr ADD COLUMN agent_loss_ppm   INTEGER;
ALTER TABLE cdr ADD COLUMN agent_jitter_ms  INTEGER;
ALTER TABLE cdr ADD COLUMN agent_rtt_ms     INTEGER;
