"""The first revision of all."""
import sqlalchemy as sa
from alembic import op

revision = '1a2b3c4d5e01'
down_revision = None
branch_labels = ('courses',)
depends_on = None


def upgrade():
    op.create_table("schools",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("founded", sa.Date))


def downgrade():
    op.drop_table("schools")
