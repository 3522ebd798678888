-- When a tower, or one door of it (locker), is left out of booking; by whose word, and with what words for
-- people. Of one place one stands at most; those that are over stay, as a record.
create table closures (
    id bigint primary key,
    tower text not null,
    at bigint not null,
    locker bigint,
    locker_name text,
    by bigint,
    words text,
    ended_at bigint,
    ended_by bigint
);
create unique index closures_standing on closures (tower, coalesce(locker, 0)) where ended_at is null;
create index closures_by_tower on closures (tower, at);
-- Whether the door of a delivery's locker is left out of booking now.
alter table deliveries add column door_suspect smallint not null default 0;
