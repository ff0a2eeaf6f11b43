"""The branch of places."""
import sqlalchemy as sa
from alembic import op

revision = 'c0000000d001'
down_revision = '1a2b3c4d5e04'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table("rooms",
        sa.Column("number", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("seats", sa.Integer, sa.CheckConstraint("seats > 0", name="rooms_seats"), nullable=False))


def downgrade():
    op.drop_table("rooms")
