-- How a sender calls a parcel, and by which words of that operators find it; as in people_words.
alter table deliveries add column parcel_name text;
create table parcel_words (
    delivery text not null references deliveries (id) on delete cascade,
    word text not null,
    primary key (delivery, word)
);
create index parcel_by_word on parcel_words (word, delivery);
