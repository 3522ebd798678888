-- The processes at work, each by its number; `looked_at` is when the one that watches has last looked.
create table replicas (
    id bigint not null primary key,
    looked_at bigint
);
-- What is shared by them, and until when it is spoken for.
create table shares (
    name text not null primary key,
    full_at bigint not null
);
-- What rings goes before what changes in silence.
drop index cards_owed;
create index cards_owed on cards (lane, (case when ring_at > shown then 0 else 1 end), run_at)
where wanted > shown;
-- What a process held that is gone is found without a look at every delivery.
create index deliveries_leased on deliveries (leased_until) where leased_until is not null;
