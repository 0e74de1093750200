from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0007_review_items_know_whose_session_they_are_of'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='session',
            index=models.Index(condition=models.Q(('snapshot_digest', '')), fields=['case'], name='session_not_frozen'),
        ),
        migrations.AddIndex(
            model_name='step',
            index=models.Index(condition=models.Q(('level', 'live')), fields=['session'], name='step_live'),
        ),
    ]
