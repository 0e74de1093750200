from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0008_what_is_not_frozen_is_found_by_an_index'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='evaluation',
            index=models.Index(condition=models.Q(('judge', ''), _negated=True), fields=['session'], name='evaluation_judged'),
        ),
    ]
