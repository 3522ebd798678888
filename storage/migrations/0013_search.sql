-- The words of people's names, by which operators find their deliveries: lower case, without accents,
-- and in hexadecimal digits, which both databases order alike. They go with their person. `indexed`:
-- whether a person's words are written down; those from before are as the database is opened.
create table people_words (
    person bigint not null references people (id) on delete cascade,
    word text not null,
    primary key (person, word)
);
create index people_by_word on people_words (word, person);
alter table people add column indexed smallint not null default 0;
create index people_unindexed on people (id) where indexed = 0;

-- What is over is looked for by whose it was and where: a line each, written when it ends.
create index deliveries_ended_of_sender on deliveries (sender, changed_at)
where state in ('cancelled', 'closed', 'collected', 'lapsed', 'no_locker');
create index deliveries_ended_of_recipient on deliveries (recipient, changed_at)
where state in ('cancelled', 'closed', 'collected', 'lapsed', 'no_locker');
create index deliveries_ended_at on deliveries (tower, changed_at)
where state in ('cancelled', 'closed', 'collected', 'lapsed', 'no_locker');
create index deliveries_ended_behind on deliveries (locker_name, tower, changed_at)
where state in ('cancelled', 'closed', 'collected', 'lapsed', 'no_locker');
