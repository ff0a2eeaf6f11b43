-- @metadata {"author": "pia", "description": "audit function", "breakingChange": false, "estimatedDuration": 100, "dataVolume": "small", "risk": "medium", "tags": ["function"]}

-- UP
create function member_audit() returns trigger language plpgsql as $$
begin
    -- DOWN is a word here; and UP too
    perform pg_notify('members', new.id::text);
    return new;
end;
$$;
create trigger members_audit after insert on members for each row execute function member_audit();

-- DOWN
drop trigger members_audit on members;
drop function member_audit();
