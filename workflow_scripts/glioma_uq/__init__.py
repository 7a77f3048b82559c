"""Library of the workflow's steps: how far can a glioma network's uncertainty be trusted?"""
