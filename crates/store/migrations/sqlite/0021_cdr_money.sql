-- What a call that cost something was priced by, and whether the wall clock can be believed.
ALTER TABLE cdr ADD COLUMN volume_tier INTEGER;
ALTER TABLE cdr ADD COLUMN clock_jump_ms INTEGER NOT NULL DEFAULT 0;
