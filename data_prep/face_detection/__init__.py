"""Faces in photos: boxes by OpenCV's cascade (python -m data_prep.face_detection PHOTOS --out CSV).

From Python: `detect_folder` in photo_folder.py, `FaceDetector` in detector.py.
"""
