"""A trigger whose body holds semicolons."""
from alembic import op

revision = 'a0000000b003'
down_revision = 'a0000000b002'
branch_labels = None
depends_on = None


def upgrade():
    op.execute("""
        CREATE FUNCTION check_grade() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF new.grade NOT BETWEEN 1 AND 6 THEN
                RAISE EXCEPTION 'no grade: %; 1 to 6', new.grade;
            END IF;
            RETURN new;
        END;
        $$
    """)
    op.execute("CREATE TRIGGER grades_check BEFORE INSERT ON grades_2024 FOR EACH ROW EXECUTE FUNCTION check_grade()")


def downgrade():
    op.execute("DROP TRIGGER grades_check ON grades_2024")
    op.execute("DROP FUNCTION check_grade()")
