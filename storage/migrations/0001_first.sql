-- Moments are microseconds since 1970 UTC; truth is 0 or 1; ids of Telegram need 64 bits.

create table updates (
    id bigint not null primary key,
    handled_at bigint not null
);

create table people (
    id bigint not null primary key,
    name text not null,
    language text not null,
    language_chosen smallint not null,
    username text,
    reachable smallint not null,
    quiet_from text,
    quiet_until text,
    low_locker smallint not null,
    larger_allowed smallint not null,
    reminders smallint not null,
    last_tower text,
    last_size text
);

create index people_by_username on people (lower(username));

create table drafts (
    chat bigint not null primary key,
    errand text not null,
    step text not null,
    answers text not null,
    version bigint not null
);

create table deliveries (
    id text not null primary key,
    sender bigint not null,
    tower text not null,
    size text not null,
    state text not null,
    version bigint not null,
    revision bigint not null,
    recipient bigint,
    recipient_name text,
    handed_over_by bigint,
    low smallint not null,
    larger_allowed smallint not null,
    note text,
    locker bigint,
    locker_name text,
    locker_size text,
    trying bigint,
    reservation bigint,
    want text,
    want_due bigint,
    want_attempts bigint not null,
    want_by bigint,
    created_at bigint,
    changed_at bigint,
    held_until bigint,
    occupied_at bigint,
    heard_at bigint,
    code_until bigint,
    collect_until bigint,
    collected_at bigint,
    ended_at bigint,
    overdue_at bigint,
    alarm_at bigint,
    reminders_sent bigint not null,
    extensions bigint not null,
    taken_back smallint not null,
    door_reports bigint not null,
    trouble text,
    successor text,
    elsewhere text
);

create index deliveries_by_sender on deliveries (sender);
create index deliveries_by_recipient on deliveries (recipient) where recipient is not null;
create index deliveries_by_state on deliveries (state);
create index deliveries_by_locker on deliveries (tower, locker) where locker is not null;
create index deliveries_by_trying on deliveries (tower, trying) where trying is not null;
create index deliveries_wanting on deliveries (want_due) where want is not null;
create index deliveries_doors on deliveries (changed_at) where door_reports > 0;
create index deliveries_alarmed on deliveries (alarm_at) where alarm_at is not null;

create table history (
    delivery text not null references deliveries (id) on delete cascade,
    number bigint not null,
    at bigint not null,
    event text not null,
    by bigint,
    detail text,
    primary key (delivery, number)
);

-- `text`, `code` and `link` are sealed; the hashes are keyed.
create table codes (
    delivery text not null primary key references deliveries (id) on delete cascade,
    kind text not null,
    form text not null,
    holder bigint not null,
    text text not null,
    issued_at bigint not null,
    expires_at bigint not null,
    revealed smallint not null
);

create table claims (
    delivery text not null primary key references deliveries (id) on delete cascade,
    code text not null,
    link text not null,
    code_hash text not null unique,
    link_hash text not null unique
);

create table wrong_tries (
    person bigint not null primary key,
    tries bigint not null,
    blocked_until bigint
);

-- `ring_at` is the value of `wanted` for which the phone is to ring: over once that was shown.
create table cards (
    chat bigint not null,
    subject text not null,
    message bigint,
    previous bigint,
    form text not null,
    wanted bigint not null,
    shown bigint not null,
    ring_at bigint not null,
    digest text not null,
    due_at bigint,
    failures bigint not null,
    sending_since bigint,
    primary key (chat, subject)
);

create index cards_by_subject on cards (subject);
create index cards_owed on cards (due_at) where (wanted > shown or previous is not null);
create index cards_sending on cards (sending_since) where sending_since is not null;

create table alerts (
    key text not null primary key,
    raised_at bigint not null,
    cleared_at bigint,
    detail text not null
);

create table towers (
    id text not null primary key,
    place bigint not null,
    name text not null,
    address text not null,
    city text not null,
    latitude double precision,
    longitude double precision,
    zone text not null,
    hours text,
    location bigint
);
