-- Lockers that a delivery of ours has asked for, as far as nothing shows that they have left us since:
-- only these are given back without an operator's word once no delivery has them.
create table vouched (
    tower text not null,
    locker bigint not null,
    delivery text not null,
    at bigint not null,
    primary key (tower, locker)
);
insert into vouched
select tower, locker, id, coalesce(changed_at, created_at, 0) from deliveries
where locker is not null and state in ('reserved', 'rented', 'releasing', 'stored');
