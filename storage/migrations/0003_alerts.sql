-- An alert says what kind it is and what it is about, is seen by somebody, and has an end.
alter table alerts add column kind text not null default '';
alter table alerts add column ends_at bigint;
alter table alerts add column seen_at bigint;
alter table alerts add column seen_by bigint;
alter table alerts add column owner bigint;
alter table alerts add column delivery text;
alter table alerts add column person bigint;
alter table alerts add column tower text;
alter table alerts add column locker bigint;
alter table alerts add column locker_name text;
alter table alerts add column status text;
alter table alerts add column release smallint not null default 0;
alter table alerts add column refused smallint not null default 0;

-- Until now the key alone said it; ids of deliveries have 10 characters, those of towers 16.
update alerts set kind = 'harbor' where key = 'harbor';
update alerts set kind = 'odd', delivery = substr(key, 5, 10) where substr(key, 1, 4) = 'odd:';
update alerts set kind = 'door', delivery = substr(key, 6, 10) where substr(key, 1, 5) = 'door:';
update alerts set kind = 'gone', delivery = substr(key, 6, 10) where substr(key, 1, 5) = 'gone:';
update alerts set kind = 'overdue', delivery = substr(key, 9, 10)
    where substr(key, 1, 8) = 'overdue:';
update alerts set kind = 'problem', delivery = substr(key, 9, 10)
    where substr(key, 1, 8) = 'problem:';
update alerts set kind = 'guessing', person = cast(substr(key, 10) as bigint)
    where substr(key, 1, 9) = 'guessing:';
update alerts set kind = 'orphan', tower = substr(key, 8, 16),
        locker = cast(substr(key, 25) as bigint)
    where substr(key, 1, 7) = 'orphan:';
delete from alerts where kind = '';

-- `odd:<delivery>:<state>:<status>`
update alerts set status = substr(key, 25) where kind = 'odd' and substr(key, 16, 9) = 'reserved:';
update alerts set status = substr(key, 23) where kind = 'odd' and substr(key, 16, 7) = 'rented:';
update alerts set status = substr(key, 26) where kind = 'odd' and substr(key, 16, 10) = 'releasing:';
update alerts set status = substr(key, 23) where kind = 'odd' and substr(key, 16, 7) = 'stored:';
update alerts set release = 1
    where kind = 'orphan' and substr(detail, length(detail) - 14) = '"release":true}';

-- 30 days, and one day, in microseconds.
update alerts set ends_at = raised_at + 2592000000000 where kind = 'gone';
update alerts set ends_at = raised_at + 86400000000 where kind = 'guessing';
update alerts set ends_at = (
        select coalesce(deliveries.changed_at, alerts.raised_at) + 2592000000000
        from deliveries where deliveries.id = alerts.delivery
            and deliveries.state in ('collected', 'cancelled', 'lapsed', 'no_locker', 'closed')
    ) where kind = 'problem';

create index alerts_about on alerts (delivery) where delivery is not null and cleared_at is null;

-- That a parcel does not fit is history; that a door does not open is counted.
update deliveries set trouble = null where trouble in ('fits_not', 'door');
