-- Wrong claim codes are counted in a window that slides, and outlive whoever asks to be forgotten:
-- `person` is a keyed hash of their id. `asked`: typed where a claim code was asked for. How many
-- there were in a row until now is not known by when, so the count begins anew.
drop table wrong_tries;
create table wrong_tries (
    person text not null,
    at bigint not null,
    asked smallint not null,
    tries bigint not null,
    primary key (person, at, asked)
);
create index wrong_tries_by_time on wrong_tries (at);
