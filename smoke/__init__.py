"""What is shipped, tried as a whole: the image, and the deployment that docs/deploying.md tells."""
