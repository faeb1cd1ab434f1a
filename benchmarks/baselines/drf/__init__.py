"""What Django REST framework's own documentation leads to: model viewsets, serializers, the ORM, authtoken."""
