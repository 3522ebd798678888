-- The sender's photo of a parcel, by Telegram's name for the file; why there is none, where none is to be
-- asked for; and whether a problem has been reported that operators have not dealt with.
alter table deliveries add column photo text;
alter table deliveries add column no_photo text;
alter table deliveries add column problem_reported smallint not null default 0;
create index deliveries_with_photo on deliveries (id) where photo is not null;
update deliveries set problem_reported = 1
where id in (select delivery from alerts where kind = 'problem' and cleared_at is null);
