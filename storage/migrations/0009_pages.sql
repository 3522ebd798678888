-- A claim has a parcel page: one more secret, sealed, and found by its keyed hash. Claims from before
-- have none.
alter table claims add column page text;
alter table claims add column page_hash text;
create unique index claims_by_page on claims (page_hash) where page_hash is not null;

-- Whoever has claimed a parcel in a browser: a person with a negative id, who has a cookie instead of
-- a chat. `page_hash` is of the secret that they claimed it by, and whose address stays theirs.
create table browsers (
    person bigint not null primary key,
    delivery text not null,
    page_hash text not null,
    cookie_hash text not null,
    created_at bigint not null
);
create unique index browsers_by_cookie on browsers (cookie_hash);
