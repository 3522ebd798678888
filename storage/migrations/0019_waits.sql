-- Who waits at a tower for a locker of a size (`low`: behind a low door alone), since when, and until when
-- at most; `turn_until` is the end of the head start of whoever has been told that one is free.
create table waits (
    id bigint not null primary key,
    person bigint not null,
    tower text not null,
    size text not null,
    low smallint not null,
    since bigint not null,
    until bigint not null,
    state text not null,
    turn_until bigint
);
create unique index waits_lasting on waits (person, tower, size)
where state in ('waiting', 'turn', 'booking');
create index waits_by_tower on waits (tower) where state in ('waiting', 'turn', 'booking');
