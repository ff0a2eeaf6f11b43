"""Grades by month."""
from alembic import op

revision = 'a0000000b002'
down_revision = 'a0000000b001'
branch_labels = None
depends_on = None


def upgrade():
    op.execute("CREATE TABLE grades (pupil_id integer NOT NULL, course_id integer NOT NULL, given date NOT NULL, grade numeric(2, 1), "
               "FOREIGN KEY (pupil_id, course_id) REFERENCES enrolments) PARTITION BY RANGE (given)")
    op.execute("CREATE TABLE grades_2024 PARTITION OF grades FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')")
    op.create_index("idx_grades_pupil", "grades", ["pupil_id", "course_id"])


def downgrade():
    op.drop_table("grades")
