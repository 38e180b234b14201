"""Seeing inside a net: saliency, ascent, maps, and whether these can be trusted."""
