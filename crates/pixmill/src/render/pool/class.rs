//! Classes of tasks, each with its share of the render threads.

use std::ops::{Index, IndexMut};

/// The class of a task. While several classes have tasks waiting, each gets its share of the threads' time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A picture that a client waits for.
    Picture,
    /// Recognition: faces, nudity, labels.
    Vision,
    /// Cache warming, by `cache_queries`.
    Warming,
    /// Requests of `async=true`.
    Async,
    /// The second pass. It starts only while no other class waits, and stops as soon as one does.
    Refine,
}

/// How many classes there are.
const COUNT: usize = 5;

/// One value per class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerClass<T>([T; COUNT]);

impl Class {
    /// All classes, in the order of their declaration.
    pub const ALL: [Self; COUNT] = [Self::Picture, Self::Vision, Self::Warming, Self::Async, Self::Refine];

    /// The name in metrics and in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Vision => "vision",
            Self::Warming => "warming",
            Self::Async => "async",
            Self::Refine => "refine",
        }
    }

    /// Whether it uses only what no other class wants.
    pub fn is_idle_work(self) -> bool {
        self == Self::Refine
    }

    /// Whether a client waits for the response, so that one that comes seconds late is worth little.
    pub fn is_interactive(self) -> bool {
        matches!(self, Self::Picture | Self::Vision)
    }
}

impl<T> PerClass<T> {
    /// Makes the value of each class.
    pub fn from_fn(mut make: impl FnMut(Class) -> T) -> Self {
        Self(Class::ALL.map(&mut make))
    }

    /// Each value with its class.
    pub fn iter(&self) -> impl Iterator<Item = (Class, &T)> {
        Class::ALL.into_iter().zip(&self.0)
    }
}

impl<T> Index<Class> for PerClass<T> {
    type Output = T;

    fn index(&self, class: Class) -> &T {
        &self.0[class as usize]
    }
}

impl<T> IndexMut<Class> for PerClass<T> {
    fn index_mut(&mut self, class: Class) -> &mut T {
        &mut self.0[class as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_its_own_value() {
        let mut names = PerClass::from_fn(Class::name);
        names[Class::Async] = "changed";
        let found: Vec<_> = names.iter().map(|(class, name)| (class.name(), *name)).collect();
        assert_eq!(
            found,
            [
                ("picture", "picture"),
                ("vision", "vision"),
                ("warming", "warming"),
                ("async", "changed"),
                ("refine", "refine")
            ]
        );
    }
}
