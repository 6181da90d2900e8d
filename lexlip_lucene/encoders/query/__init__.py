"""Query encoders: for Pyserini, and by ONNX Runtime."""
