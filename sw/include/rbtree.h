/* SPDX-License-Identifier: MIT */
/*
 * Red-black trees: ordered sets whose members embed a node. Whoever owns the
 * tree knows the order: it walks down from the root to the empty place for a
 * node, links it there, and lets the tree balance itself:
 *
 *	struct rb_node **link = &tree->node, *parent = NULL;
 *
 *	while (*link) {
 *		parent = *link;
 *		link = key < key_of(parent) ? &parent->left : &parent->right;
 *	}
 *	rb_insert(tree, node, parent, link);
 *
 * No function allocates, sleeps or locks; a way down has at most
 * 2 * log2(n + 1) nodes.
 */
#ifndef RBTREE_H
#define RBTREE_H

#include <types.h>

struct rb_node {
	struct rb_node *parent;		/* NULL: the root */
	struct rb_node *left;
	struct rb_node *right;
	bool red;
};

struct rb_root {
	struct rb_node *node;
};

#define RB_ROOT			{ 0 }
#define rb_entry(ptr, type, member)	container_of(ptr, type, member)

/* @link is the empty place below @parent, or the root of an empty tree. */
void rb_insert(struct rb_root *root, struct rb_node *node,
	       struct rb_node *parent, struct rb_node **link);
void rb_erase(struct rb_root *root, struct rb_node *node);

/* NULL behind the ends. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

#endif
