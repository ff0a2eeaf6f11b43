"""Teachers belong to a school."""
import sqlalchemy as sa
from alembic import op

revision = '1a2b3c4d5e02'
down_revision = '1a2b3c4d5e01'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table("teachers",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("school_id", sa.Integer, sa.ForeignKey("schools.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(80), nullable=False))
    op.create_index("idx_teachers_school_id", "teachers", ["school_id"])


def downgrade():
    op.drop_table("teachers")
