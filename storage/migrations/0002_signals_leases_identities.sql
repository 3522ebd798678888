-- Names that say what they mean.
alter table deliveries rename column heard_at to reported_at;
alter table deliveries rename column trying to candidate;
alter table deliveries rename column alarm_at to deadline_at;
alter table deliveries drop column ended_at;
alter table codes drop column issued_at;

-- The operator who fetches a parcel out that nobody collects.
alter table deliveries add column fetcher bigint;

-- What is asked of Harbor has an identity of its own and two times: when it is due, and until when
-- it is whose turn. The lease is the delivery's: one call at a time, whatever is asked.
drop index deliveries_wanting;
alter table deliveries rename column want to request;
alter table deliveries rename column want_by to request_by;
alter table deliveries rename column want_due to run_at;
alter table deliveries rename column want_attempts to failures;
alter table deliveries add column request_id bigint;
alter table deliveries add column lease bigint;
alter table deliveries add column leased_until bigint;
update deliveries set request_id = (
    select count(*) from deliveries as earlier where earlier.id <= deliveries.id
) where request is not null;
update deliveries set run_at = 0 where request is not null and run_at is null;
update deliveries set run_at = null, request_by = null, failures = 0 where request is null;
create index deliveries_requested on deliveries (run_at) where request_id is not null;

-- A locker has one live delivery. Where two were written down, the one whose parcel is in it (else
-- the one that changed last) keeps it; of the other an alert is raised.
create table without_locker as
select id, revision, coalesce(changed_at, created_at, 0) as since from deliveries
where locker is not null and state in ('reserved', 'rented', 'releasing', 'stored')
    and exists (
        select 1 from deliveries as other
        where other.tower = deliveries.tower and other.locker = deliveries.locker
            and other.id <> deliveries.id
            and other.state in ('reserved', 'rented', 'releasing', 'stored')
            and (
                case when other.state = 'stored' then 1 else 0 end,
                coalesce(other.changed_at, 0),
                other.id
            ) > (
                case when deliveries.state = 'stored' then 1 else 0 end,
                coalesce(deliveries.changed_at, 0),
                deliveries.id
            )
    );
update deliveries set locker = null, trouble = 'refused'
where id in (select id from without_locker);
create unique index deliveries_in_locker on deliveries (tower, locker)
where locker is not null and state in ('reserved', 'rented', 'releasing', 'stored');

-- A card has an identity of its own, a lane, a due time and a lease; a message is one card's. What
-- was to be taken away is a card too: its subject is `old:` and the message.
alter table cards rename to cards_of_0001;
drop index cards_by_subject;
drop index cards_owed;
drop index cards_sending;
create table cards (
    id bigint not null primary key,
    chat bigint not null,
    subject text not null,
    message bigint,
    form text not null,
    wanted bigint not null,
    shown bigint not null,
    ring_at bigint not null,
    digest text not null,
    lane smallint not null,
    run_at bigint not null,
    leased_until bigint,
    lease bigint,
    failures bigint not null,
    unique (chat, subject)
);
insert into cards
select row_number() over (order by chat, subject), chat, subject, message, form, wanted, shown,
    ring_at, digest, 1, coalesce(due_at, 0), sending_since, null, failures
from cards_of_0001;
-- Whoever was sending has died over it: a turn that is over, which counts as a possible double.
update cards set lease = id where leased_until is not null;
-- Of two cards that claim a message the first keeps it; the other is shown anew.
update cards set message = null, digest = '', wanted = wanted + 1
where message is not null and exists (
    select 1 from cards as other
    where other.chat = cards.chat and other.message = cards.message and other.id < cards.id
);
insert into cards
select (select max(id) from cards) + row_number() over (order by chat, subject), chat,
    'old:' || previous, previous, form, 1, 0, 0, '', 2, 0, null, null, 0
from cards_of_0001
where previous is not null and not exists (
    select 1 from cards where cards.chat = cards_of_0001.chat
        and cards.message = cards_of_0001.previous
) and not exists (
    select 1 from cards_of_0001 as other where other.chat = cards_of_0001.chat
        and other.previous = cards_of_0001.previous and other.subject < cards_of_0001.subject
);
drop table cards_of_0001;
create unique index cards_by_message on cards (chat, message) where message is not null;
create index cards_by_subject on cards (subject);
create index cards_owed on cards (lane, run_at) where wanted > shown;
create index cards_leased on cards (leased_until) where leased_until is not null;

-- What lost its locker is told to the operators: an alert for each, and a card that rings for every
-- operator who was ever told of an alert. Who operates is a setting, which SQL does not know.
insert into alerts (key, raised_at, cleared_at, detail)
select 'problem:' || id || ':' || revision, since, null,
    '{"text":"Two deliveries had the same locker. It is the other one''s now: please look at this one."}'
from without_locker;
insert into cards
select (select max(id) from cards) + row_number() over (order by told.chat, lost.id), told.chat,
    'alert:problem:' || lost.id || ':' || lost.revision, null, 'text', 1, 0, 1, '', 1, 0, null,
    null, 0
from (select distinct chat from cards where substr(subject, 1, 6) = 'alert:') as told
cross join without_locker as lost;
drop table without_locker;
