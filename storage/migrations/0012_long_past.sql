-- What a long past would make slow: whatever somebody has done in any delivery, and what is to be
-- forgotten.
create index history_by_person on history (by) where by is not null;
create index cards_empty on cards (run_at) where message is null and wanted <= shown;
create index updates_by_time on updates (handled_at);
