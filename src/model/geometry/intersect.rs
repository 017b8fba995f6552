//! Whether a geometry meets a rectangle.
