/** The API. Made from docs/openapi.json by `tools/make-types.mjs`: do not change it here. */

export interface paths {
    "/api/v1/event": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List events
         * @description List a customer's events of one name or several, the oldest first.
         */
        get: operations["listEvents"];
        put?: never;
        /**
         * Create an event
         * @description Create a tracked event, or up to 10,000 at once. The customer need not exist: events and customers may arrive in any order.
         *
         *     Items of an array are validated one by one. Valid ones are stored in one transaction; each refused one says why, in its place. The response is sent only after everything in it is durably stored.
         *
         *     A request that was cut off can be sent again safely if its events have ids of yours, or the request has an `Idempotency-Key`.
         */
        post: operations["createEvents"];
        /**
         * Delete events
         * @description Delete every event that matches the parameters: of a customer, of a name, in a range of time. At least one parameter is needed. `metadata.events` is the number of deleted events. If the request is cut off, send it again: it continues where it stopped.
         */
        delete: operations["deleteEvents"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/event/{event_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The event's `id`. A slash in it is sent as %2F. */
                event_id: string;
            };
            cookie?: never;
        };
        /**
         * Retrieve an event
         * @description Retrieve the event with this `id`.
         */
        get: operations["getEvent"];
        put?: never;
        post?: never;
        /**
         * Delete an event
         * @description Delete the event with this `id`, which may then be used again.
         */
        delete: operations["deleteEvent"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/customer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List customers
         * @description List the customers that match all filters, the oldest first.
         */
        get: operations["listCustomers"];
        put?: never;
        /**
         * Create a customer
         * @description Create a customer, or up to 10,000 at once. A customer whose `customer_id` is known already is updated: fields that are sent replace, fields that are not sent stay, `custom_attributes` are merged key by key, and a null removes its key.
         *
         *     Items of an array are validated one by one. Valid ones are stored in one transaction; each refused one says why, in its place. The response is sent only after everything in it is durably stored. Items with the same `customer_id` are applied in order.
         */
        post: operations["createCustomers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/customer/{customer_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Your identifier for the customer. A slash in it is sent as %2F. */
                customer_id: string;
            };
            cookie?: never;
        };
        /**
         * Retrieve a customer
         * @description Retrieve the customer with this `customer_id`.
         */
        get: operations["getCustomer"];
        put?: never;
        post?: never;
        /**
         * Erase a customer
         * @description Delete a customer with all its events, in one transaction. This cannot be undone.
         */
        delete: operations["deleteCustomer"];
        options?: never;
        head?: never;
        /**
         * Update a customer
         * @description Change some fields of a customer: those that are not sent stay, `custom_attributes` are merged key by key, and a null removes its key. A `customer_id` in the body may only repeat that of the address.
         */
        patch: operations["updateCustomer"];
        trace?: never;
    };
    "/api/v1/customer/{customer_id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Your identifier for the customer. A slash in it is sent as %2F. */
                customer_id: string;
            };
            cookie?: never;
        };
        /**
         * List a customer's changes
         * @description List what a customer's plan and monthly payment were before each change of them, the oldest first. The value before the first change had been there since the customer's `created_at`.
         */
        get: operations["listCustomerHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/customer/{customer_id}/alias": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Your identifier for the customer. A slash in it is sent as %2F. */
                customer_id: string;
            };
            cookie?: never;
        };
        /**
         * List a customer's other ids
         * @description List the ids that were said to be this customer's, by an `alias` of Segment's SDKs or an `identify` with both ids. Reading follows them; what is stored under them is not rewritten.
         */
        get: operations["listCustomerAliases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/customer/{customer_id}/alias/{previous_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Your identifier for the customer. A slash in it is sent as %2F. */
                customer_id: string;
                /** @description One of the customer's other ids. A slash in it is sent as %2F. */
                previous_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Separate an id from a customer
         * @description Delete an alias: what is stored under `previous_id` is no longer read as this customer's.
         */
        delete: operations["deleteCustomerAlias"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/customer/{customer_id}/event": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Your identifier for the customer. A slash in it is sent as %2F. */
                customer_id: string;
            };
            cookie?: never;
        };
        /**
         * List a customer's events
         * @description List a customer's events of every name, or of those in `name`: its timeline.
         */
        get: operations["listCustomerEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/feed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the feed
         * @description Read what has changed since a cursor, in the order in which it was stored. `metadata.next_cursor` is always there, even when nothing is new, so a client simply loops: read, handle, keep the cursor, read again. An entry is shown as soon as nothing can be stored before it any more.
         *
         *     `event.created` has the event. `customer.updated` has the customer as it is now; several updates between two reads may be one entry. `customer.erased` has the `customer_id` and nothing else, and is kept for 30 days. A deleted event leaves the feed without an entry of its own: delete it in your copy as well.
         */
        get: operations["readFeed"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List webhooks
         * @description List every webhook of the account, the oldest first.
         */
        get: operations["listWebhooks"];
        put?: never;
        /**
         * Create a webhook
         * @description Have the feed sent to an address of yours, from now on. The response has the secret that requests are signed with. The key needs the scopes `read` and `write`.
         */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhook/{webhook_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's `id`. */
                webhook_id: string;
            };
            cookie?: never;
        };
        /**
         * Retrieve a webhook
         * @description Retrieve the webhook with this `id`: how far it is, and whether the server has switched it off.
         */
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        /**
         * Delete a webhook
         * @description Delete a webhook, together with the entries that it has set aside.
         */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        /**
         * Update a webhook
         * @description Change a webhook, or switch it off and on. It goes on where it stopped.
         */
        patch: operations["updateWebhook"];
        trace?: never;
    };
}
export interface webhooks {
    feed: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What a webhook is sent
         * @description Entries of the feed, as Standard Webhooks 1.0. Answer with a 2xx within 15 seconds.
         */
        post: operations["receiveEntries"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        /** @description An event to store. */
        NewEvent: {
            /** @description Your identifier for the customer. An integer is taken as its decimal digits. */
            customer_id: string | number;
            /** @description Name of the event, e.g. "added user". */
            name: string;
            /** @description Time at which the event occurred: seconds since the Unix epoch, or ISO 8601 (UTC unless it has an offset). Defaults to the current time, in whole seconds. */
            created_at?: Date | number | string;
            /** @description Your own identifier of the event, unique in the account until the event is deleted. An event whose id is already stored is acknowledged and stored once, so a request can be sent again safely. Made by the server if not sent. Together with `customer_id` and `name` at most 2,600 bytes. */
            id?: string | null;
            /** @description A hash of key-value pairs with any other data about the event: at most 64 KiB of JSON. Fields that are not part of the event are kept here too. */
            custom_attributes?: {
                [key: string]: unknown;
            };
        } & {
            [key: string]: unknown;
        };
        /** @description A stored event. A key without the scope `read` gets null in the place of what it did not send. */
        Event: {
            /** @description Your identifier for the customer. */
            customer_id: string;
            /** @description Name of the event, e.g. "added user". */
            name: string;
            /** @description Time at which the event occurred, in seconds since the Unix epoch. */
            created_at: string;
            /**
             * @description Always 1: an event with this id is stored. If it was stored before, `metadata.duplicates` counts it.
             * @constant
             */
            success: 1;
            /** @description The event's identifier: yours, or one that the server made. */
            id: string;
            /** @description A hash of key-value pairs: all that was sent beside the fields. */
            custom_attributes: {
                [key: string]: unknown;
            };
        };
        /** @description A customer to create or update. */
        NewCustomer: {
            /** @description Your identifier for the customer. An integer is taken as its decimal digits. */
            customer_id: string | number;
            /** @description Name of the customer, e.g. "John Smith". */
            name: string;
            /** @description Time at which the customer signed up: seconds since the Unix epoch, or ISO 8601 (UTC unless it has an offset). Defaults to the current time when the customer is created. */
            created_at?: Date | number | string;
            /** @description What the customer pays a month: from 0 to less than 10^12, with at most four decimals. */
            monthly_payment_amount?: number | string | null;
            /** @description Where the customer is, e.g. "San Francisco". */
            location?: string | null;
            /**
             * Format: email
             * @description Email address of the customer, e.g. "john.smith@example.com".
             */
            email: string;
            /** @description Phone number of the customer. */
            phone_number?: string | null;
            /** @description Your identifier for the organisation that the customer belongs to. */
            organisation_id?: string | null;
            /** @description Name of the plan that the customer is assigned to, e.g. "Starter". */
            plan: string;
            /** @description A hash of key-value pairs with any other data about the customer: at most 64 KiB of JSON. An update merges them key by key, and a null removes its key. Fields that are not part of the customer are kept here too. */
            custom_attributes?: {
                [key: string]: unknown;
            };
        } & {
            [key: string]: unknown;
        };
        /** @description The fields of a customer to change; those that are not sent stay. */
        CustomerChanges: {
            /** @description Name of the customer, e.g. "John Smith". */
            name?: string;
            /** @description Time at which the customer signed up: seconds since the Unix epoch, or ISO 8601 (UTC unless it has an offset). Defaults to the current time when the customer is created. */
            created_at?: Date | number | string;
            /** @description What the customer pays a month: from 0 to less than 10^12, with at most four decimals. */
            monthly_payment_amount?: number | string | null;
            /** @description Where the customer is, e.g. "San Francisco". */
            location?: string | null;
            /**
             * Format: email
             * @description Email address of the customer, e.g. "john.smith@example.com".
             */
            email?: string;
            /** @description Phone number of the customer. */
            phone_number?: string | null;
            /** @description Your identifier for the organisation that the customer belongs to. */
            organisation_id?: string | null;
            /** @description Name of the plan that the customer is assigned to, e.g. "Starter". */
            plan?: string;
            /** @description A hash of key-value pairs with any other data about the customer: at most 64 KiB of JSON. An update merges them key by key, and a null removes its key. Fields that are not part of the customer are kept here too. */
            custom_attributes?: {
                [key: string]: unknown;
            };
        } & {
            [key: string]: unknown;
        };
        /** @description A stored customer. A key without the scope `read` gets null in the place of what it did not send. */
        Customer: {
            /** @description Your identifier for the customer. */
            customer_id: string;
            /** @description Name of the customer, e.g. "John Smith". */
            name: string;
            /** @description Time at which the customer signed up, in seconds since the Unix epoch. */
            created_at: string;
            /** @description What the customer pays a month, null if that was never sent. */
            monthly_payment_amount: number | null;
            /** @description Where the customer is, e.g. "San Francisco". */
            location: string | null;
            /** @description Email address of the customer, e.g. "john.smith@example.com". */
            email: string;
            /** @description Phone number of the customer. */
            phone_number: string | null;
            /** @description Your identifier for the organisation that the customer belongs to. */
            organisation_id: string | null;
            /** @description Name of the plan that the customer is assigned to, e.g. "Starter". */
            plan: string;
            /** @description A hash of key-value pairs: all that was sent beside the fields. */
            custom_attributes: {
                [key: string]: unknown;
            };
            /** @description Time at which the customer last changed here, in seconds since the Unix epoch. */
            updated_at: string;
        };
        /** @description A change of a customer. */
        Change: {
            /**
             * @description The field that changed: `plan` or `monthly_payment_amount`.
             * @enum {string}
             */
            field: "monthly_payment_amount" | "plan";
            /** @description Its value before, null if it was never sent. */
            before: string | number | null;
            /** @description Its value since. */
            after: string | number | null;
            /** @description Time of the change, in seconds since the Unix epoch; the customer's `updated_at` at that time. */
            changed_at: string;
        };
        /** @description Response with changes retrieved. */
        ChangesRetrieved: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["Change"][];
            metadata: components["schemas"]["NextPage"];
            /** @description Time of the answer to the GET, in seconds since the Unix epoch. */
            retrieved: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "history";
        };
        /** @description Another id of a customer. */
        Alias: {
            /** @description The id that was said to be another customer's. */
            previous_id: string;
            /** @description The customer whose id it is; may be an alias itself. */
            customer_id: string;
            /**
             * @description What said so: an `alias`, or an `identify` with both ids.
             * @enum {string}
             */
            reason: "alias" | "identify";
            /** @description Time at which it was said, in seconds since the Unix epoch. */
            created_at: string;
        };
        /** @description Response with aliases retrieved. */
        AliasesRetrieved: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["Alias"][];
            /** @description Empty: there is nothing more to say. */
            metadata: Record<string, never>;
            /** @description Time of the answer to the GET, in seconds since the Unix epoch. */
            retrieved: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "alias";
        };
        /** @description Response with the alias deleted. */
        AliasesDeleted: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["Alias"][];
            /** @description Empty: there is nothing more to say. */
            metadata: Record<string, never>;
            /** @description Time of the answer to the DELETE, in seconds since the Unix epoch. */
            deleted: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "alias";
        };
        /** @description An item of a batch that was refused. */
        RejectedItem: {
            /** @description What the item had as its `customer_id`, if anything. */
            customer_id?: unknown;
            /** @description What the item had as its `name`, if anything. */
            name?: unknown;
            /**
             * @description Always 0: the item was not stored.
             * @constant
             */
            success: 0;
            /** @description The item's place in the request, from 0. */
            index: number;
            /** @description All that is wrong. */
            errors: components["schemas"]["ErrorDetail"][];
        };
        /** @description Where the next page is; empty on the last one. */
        NextPage: {
            /** @description The `cursor` of the next page. */
            next_cursor?: string;
            /**
             * Format: uri
             * @description The whole address of the next page.
             */
            next?: string;
        };
        /** @description What became of a batch; empty where everything was stored anew. */
        BatchCounts: {
            /** @description How many items were stored; sent only if some were refused. */
            accepted?: number;
            /** @description How many items were refused. */
            rejected?: number;
            /** @description How many events were stored before, under the same id. */
            duplicates?: number;
            /** @description Fields that were kept as custom attributes, and were probably meant to be others. */
            hints?: components["schemas"]["Hint"][];
        };
        /** @description What may be a mistake in the request, though it was accepted; empty where nothing is. */
        Hints: {
            /** @description Fields that were kept as custom attributes, and were probably meant to be others. */
            hints?: components["schemas"]["Hint"][];
        };
        /** @description Something about the request that may be a mistake. */
        Hint: {
            /** @description The field, with dots and indexes as `3.createdAt`. */
            attr: string;
            /** @description What was probably meant, for people. */
            detail: string;
        };
        /** @description How much else was erased with the customer. */
        ErasedCounts: {
            /** @description How many events were erased. */
            events?: number;
        } & {
            [key: string]: number;
        };
        /** @description Response with the events retrieved. */
        EventsRetrieved: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["Event"][];
            metadata: components["schemas"]["NextPage"];
            /** @description Time of the answer to the GET, in seconds since the Unix epoch. */
            retrieved: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "event";
        };
        /** @description Response with the events created. */
        EventsCreated: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["Event"][];
            metadata: components["schemas"]["BatchCounts"];
            /** @description Time of the answer to the POST, in seconds since the Unix epoch. */
            created: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "event";
        };
        /** @description Response with the events deleted. */
        EventsDeleted: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["Event"][];
            /** @description `events`, where many were deleted. */
            metadata: Record<string, never> | components["schemas"]["ErasedCounts"];
            /** @description Time of the answer to the DELETE, in seconds since the Unix epoch. */
            deleted: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "event";
        };
        /** @description Response to a batch of events of which some were refused: each in its place. */
        EventsJudged: {
            /** @description The objects, also where there is one or none. */
            data: (components["schemas"]["Event"] | components["schemas"]["RejectedItem"])[];
            metadata: components["schemas"]["BatchCounts"];
            /** @description Time of the answer to the POST, in seconds since the Unix epoch. */
            created: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "event";
        };
        /** @description Response with the customers retrieved. */
        CustomersRetrieved: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["Customer"][];
            metadata: components["schemas"]["NextPage"];
            /** @description Time of the answer to the GET, in seconds since the Unix epoch. */
            retrieved: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "customer";
        };
        /** @description Response with the customers created. */
        CustomersCreated: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["Customer"][];
            metadata: components["schemas"]["BatchCounts"];
            /** @description Time of the answer to the POST, in seconds since the Unix epoch. */
            created: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "customer";
        };
        /** @description Response with the customers updated. */
        CustomersUpdated: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["Customer"][];
            metadata: components["schemas"]["Hints"];
            /** @description Time of the answer to the PATCH, in seconds since the Unix epoch. */
            updated: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "customer";
        };
        /** @description Response with the customers deleted. */
        CustomersDeleted: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["Customer"][];
            metadata: components["schemas"]["ErasedCounts"];
            /** @description Time of the answer to the DELETE, in seconds since the Unix epoch. */
            deleted: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "customer";
        };
        /** @description Response to a batch of customers of which some were refused: each in its place. */
        CustomersJudged: {
            /** @description The objects, also where there is one or none. */
            data: (components["schemas"]["Customer"] | components["schemas"]["RejectedItem"])[];
            metadata: components["schemas"]["BatchCounts"];
            /** @description Time of the answer to the POST, in seconds since the Unix epoch. */
            created: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "customer";
        };
        /** @description One thing that is wrong. */
        ErrorDetail: {
            /** @description What is wrong, for programs. There may be more codes in later versions. */
            code: string;
            /** @description What is wrong, for people. The wording may change. */
            detail: string;
            /** @description The field, parameter or header, with dots and indexes as `3.created_at`; null where it is the request as a whole. */
            attr: string | null;
        };
        /** @description What went wrong. */
        Error: {
            /**
             * @description Always `error`.
             * @constant
             */
            object: "error";
            /**
             * @description `validation_error`: values break the rules. `client_error`: another mistake of the client. `server_error`: sent again, the request may work.
             * @enum {string}
             */
            type: "validation_error" | "client_error" | "server_error";
            /** @description All that is wrong. */
            errors: components["schemas"]["ErrorDetail"][];
            /** @description About the request. */
            metadata: {
                /** @description The id of the request, as in `X-Request-ID` and the server's log. */
                request_id: string;
            };
        };
        /** @description All that is left of an erased customer. */
        ErasedCustomer: {
            /** @description Your identifier for the customer. An integer is taken as its decimal digits. */
            customer_id: string;
        };
        /** @description An event that was stored. */
        EventCreated: {
            /**
             * @description What happened. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            type: "event.created";
            /** @description When it arrived here, in seconds since the Unix epoch. */
            timestamp: string;
            data: components["schemas"]["Event"];
        };
        /** @description A customer that is new or has changed, as it is now. */
        CustomerUpdated: {
            /**
             * @description What happened. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            type: "customer.updated";
            /** @description When it arrived here, in seconds since the Unix epoch. */
            timestamp: string;
            data: components["schemas"]["Customer"];
        };
        /** @description A customer that was erased. Erase it too. */
        CustomerErased: {
            /**
             * @description What happened. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            type: "customer.erased";
            /** @description When it arrived here, in seconds since the Unix epoch. */
            timestamp: string;
            data: components["schemas"]["ErasedCustomer"];
        };
        /** @description A change. */
        FeedEntry: components["schemas"]["EventCreated"] | components["schemas"]["CustomerUpdated"] | components["schemas"]["CustomerErased"];
        /** @description Where to go on, always. */
        FeedPage: {
            /** @description The `cursor` of the next page. */
            next_cursor: string;
            /**
             * Format: uri
             * @description The whole address of the next page.
             */
            next: string;
        };
        /** @description A page of the feed. */
        FeedRetrieved: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["FeedEntry"][];
            metadata: components["schemas"]["FeedPage"];
            /** @description Time of the answer to the GET, in seconds since the Unix epoch. */
            retrieved: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "feed";
        };
        /** @description A webhook to make. */
        NewWebhook: {
            /**
             * Format: uri
             * @description Where the feed is sent to: http or https, a public address.
             */
            url: string;
            /**
             * @description Only entries of these types; empty for all.
             * @default []
             */
            types: ("event.created" | "customer.updated" | "customer.erased")[];
            /**
             * @description Only events of these names, beside the other types; empty for all.
             * @default []
             */
            names: string[];
            /**
             * @description Whether it is sent anything. When switched on again, it continues where it stopped.
             * @default true
             */
            enabled: boolean;
            /**
             * @description How many entries a request has at most.
             * @default 1
             */
            batch: number;
        };
        /** @description The settings to change; those that are not sent stay. */
        WebhookChanges: {
            /**
             * Format: uri
             * @description Where the feed is sent to: http or https, a public address.
             */
            url?: string;
            /** @description Only entries of these types; empty for all. */
            types?: ("event.created" | "customer.updated" | "customer.erased")[];
            /** @description Only events of these names, beside the other types; empty for all. */
            names?: string[];
            /** @description Whether it is sent anything. When switched on again, it continues where it stopped. */
            enabled?: boolean;
            /** @description How many entries a request has at most. */
            batch?: number;
        };
        /** @description A webhook. */
        Webhook: {
            /**
             * Format: uuid
             * @description The webhook's identifier.
             */
            id: string;
            /**
             * Format: uri
             * @description Where the feed is sent to: http or https, a public address.
             */
            url: string;
            /** @description Only entries of these types; empty for all. */
            types: ("event.created" | "customer.updated" | "customer.erased")[];
            /** @description Only events of these names, beside the other types; empty for all. */
            names: string[];
            /** @description Whether it is sent anything. When switched on again, it continues where it stopped. */
            enabled: boolean;
            /**
             * @description Why the server switched it off: `gone` after a response of 410, `failing` after five days of failures.
             * @enum {string|null}
             */
            stopped: "gone" | "failing" | null;
            /** @description How many entries a request has at most. */
            batch: number;
            /** @description It has been sent everything up to this time, in seconds since the Unix epoch. */
            position: string;
            /** @description Time at which it was made, in seconds since the Unix epoch. */
            created_at: string;
        };
        /** @description A webhook with its secret. */
        CreatedWebhook: {
            /**
             * Format: uuid
             * @description The webhook's identifier.
             */
            id: string;
            /**
             * Format: uri
             * @description Where the feed is sent to: http or https, a public address.
             */
            url: string;
            /** @description Only entries of these types; empty for all. */
            types: ("event.created" | "customer.updated" | "customer.erased")[];
            /** @description Only events of these names, beside the other types; empty for all. */
            names: string[];
            /** @description Whether it is sent anything. When switched on again, it continues where it stopped. */
            enabled: boolean;
            /**
             * @description Why the server switched it off: `gone` after a response of 410, `failing` after five days of failures.
             * @enum {string|null}
             */
            stopped: "gone" | "failing" | null;
            /** @description How many entries a request has at most. */
            batch: number;
            /** @description It has been sent everything up to this time, in seconds since the Unix epoch. */
            position: string;
            /** @description Time at which it was made, in seconds since the Unix epoch. */
            created_at: string;
            /** @description The secret that requests are signed with. Keep it: only owners can look it up again, in the portal. */
            secret: string;
        };
        /** @description Response with the webhooks created. */
        WebhooksCreated: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["CreatedWebhook"][];
            /** @description Empty: there is nothing more to say. */
            metadata: Record<string, never>;
            /** @description Time of the answer to the POST, in seconds since the Unix epoch. */
            created: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "webhook";
        };
        /** @description Response with the webhooks retrieved. */
        WebhooksRetrieved: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["Webhook"][];
            /** @description Empty: there is nothing more to say. */
            metadata: Record<string, never>;
            /** @description Time of the answer to the GET, in seconds since the Unix epoch. */
            retrieved: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "webhook";
        };
        /** @description Response with the webhooks updated. */
        WebhooksUpdated: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["Webhook"][];
            /** @description Empty: there is nothing more to say. */
            metadata: Record<string, never>;
            /** @description Time of the answer to the PATCH, in seconds since the Unix epoch. */
            updated: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "webhook";
        };
        /** @description Response with the webhooks deleted. */
        WebhooksDeleted: {
            /** @description The objects, also where there is one or none. */
            data: components["schemas"]["Webhook"][];
            /** @description Empty: there is nothing more to say. */
            metadata: Record<string, never>;
            /** @description Time of the answer to the DELETE, in seconds since the Unix epoch. */
            deleted: string;
            /**
             * @description What `data` is a list of.
             * @constant
             */
            object: "webhook";
        };
        /** @description Several entries in one request, for webhooks whose `batch` is more than 1. */
        FeedBatch: {
            /**
             * @description Always `batch`.
             * @constant
             */
            type: "batch";
            /** @description When it was sent, in seconds since the Unix epoch. */
            timestamp: string;
            /** @description The entries, in order. */
            data: components["schemas"]["FeedEntry"][];
        };
    };
    responses: {
        /** @description The request is invalid, and a retry will not change that. `errors` lists every problem. */
        BadRequest: {
            headers: {
                "X-Request-ID": components["headers"]["X-Request-ID"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The API key is missing, malformed, unknown, revoked or expired. */
        Unauthorized: {
            headers: {
                "X-Request-ID": components["headers"]["X-Request-ID"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The key's scopes do not cover the method: `read` is for GET, `write` for everything else. */
        Forbidden: {
            headers: {
                "X-Request-ID": components["headers"]["X-Request-ID"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description Your account has no such object, or the API has no such URL. */
        NotFound: {
            headers: {
                "X-Request-ID": components["headers"]["X-Request-ID"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The URL cannot respond in a format that `Accept` asks for. */
        NotAcceptable: {
            headers: {
                "X-Request-ID": components["headers"]["X-Request-ID"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The request took too long to arrive. Headers may take 10 seconds, a body 10 seconds and one more per 32 KiB. */
        RequestTimeout: {
            headers: {
                "X-Request-ID": components["headers"]["X-Request-ID"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The body has more than 16 MiB after decompression, or more than 10,000 objects, or too many values; or a customer's attributes would grow beyond 128 KiB. Nothing was stored. */
        TooLarge: {
            headers: {
                "X-Request-ID": components["headers"]["X-Request-ID"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The URL with its parameters has more than about 8,000 characters. */
        UrlTooLong: {
            headers: {
                "X-Request-ID": components["headers"]["X-Request-ID"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The body's `Content-Type` is not one that is read as JSON, or its `Content-Encoding` is not gzip. */
        UnsupportedMediaType: {
            headers: {
                "X-Request-ID": components["headers"]["X-Request-ID"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The key has used up its rate limit, or the account its quota, which the operator of the server sets. */
        TooManyRequests: {
            headers: {
                "X-Request-ID": components["headers"]["X-Request-ID"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The request's headers are too large, or there are too many. */
        HeadersTooLarge: {
            headers: {
                "X-Request-ID": components["headers"]["X-Request-ID"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The server failed. The mistake is not yours. */
        ServerError: {
            headers: {
                "X-Request-ID": components["headers"]["X-Request-ID"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The database is unavailable or too busy. A write may or may not have been stored. */
        Unavailable: {
            headers: {
                "X-Request-ID": components["headers"]["X-Request-ID"];
                "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
    };
    parameters: {
        /** @description How many rows a page has at most. A page of large rows ends at some 16 MiB, and so has fewer. */
        limit: number;
        /** @description The `next_cursor` of the page before. It is opaque, and bound to the sort and the filters that it was made for. */
        cursor: string;
        /** @description With 1, cells of CSV are as they are stored. Otherwise those that a spreadsheet would run as a formula (they begin with `=`, `+`, `-`, `@`, a tab or a carriage return) have an apostrophe in front. Other formats are never changed. */
        raw: 0 | 1;
        /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
        request_id: string;
        /** @description Gives every event of the request that has no `id` one that is derived from this key and its position, so that the request can be sent again and stores nothing twice. */
        idempotency_key: string;
    };
    requestBodies: never;
    headers: {
        /** @description The id of the request: yours, or a new one. */
        "X-Request-ID": string;
        /** @description The address of the next page: `<...>; rel="next"`. Missing on the last one. */
        Link: string;
        /** @description The scheme to use: `Token`. */
        "WWW-Authenticate": string;
        /** @description How many seconds to wait before the request is sent again. */
        "Retry-After": number;
        /** @description How many requests the key may send in a window. Only where the server limits rates. */
        "RateLimit-Limit": number;
        /** @description How many are left in this window. Only where the server limits rates. */
        "RateLimit-Remaining": number;
        /** @description How many seconds it is until the next window. Only where the server limits rates. */
        "RateLimit-Reset": number;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listEvents: {
        parameters: {
            query: {
                /** @description Your identifier for the customer. Repeated, any of the values. */
                customer_id: string[];
                /** @description Name of the event being retrieved, e.g. "added user". Repeated, any of the values. */
                name: string[];
                /** @description At or after: the time at which the event occurred. */
                "created_at[gte]"?: number | string;
                /** @description After: the time at which the event occurred. */
                "created_at[gt]"?: number | string;
                /** @description At or before: the time at which the event occurred. */
                "created_at[lte]"?: number | string;
                /** @description Before: the time at which the event occurred. */
                "created_at[lt]"?: number | string;
                /** @description The order, with `-` the newest or largest first. Default: `created_at`. */
                sort?: "created_at" | "-created_at";
                /** @description How many rows a page has at most. A page of large rows ends at some 16 MiB, and so has fewer. */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before. It is opaque, and bound to the sort and the filters that it was made for. */
                cursor?: components["parameters"]["cursor"];
                /** @description With 1, cells of CSV are as they are stored. Otherwise those that a spreadsheet would run as a formula (they begin with `=`, `+`, `-`, `@`, a tab or a carriage return) have an apostrophe in front. Other formats are never changed. */
                raw?: components["parameters"]["raw"];
            };
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of events. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    Link: components["headers"]["Link"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsRetrieved"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description The request is invalid, and a retry will not change that. `errors` lists every problem. */
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    createEvents: {
        parameters: {
            query?: never;
            header?: {
                /** @description Gives every event of the request that has no `id` one that is derived from this key and its position, so that the request can be sent again and stores nothing twice. */
                "Idempotency-Key"?: components["parameters"]["idempotency_key"];
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description One JSON object, an array of up to 10,000, or one object a line as `application/x-ndjson`. At most 16 MiB after decompression; `Content-Encoding: gzip` is read. `text/plain`, a form's type and no type are read as JSON too, as curl sends them. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewEvent"] | components["schemas"]["NewEvent"][];
                "application/x-ndjson": string;
            };
        };
        responses: {
            /** @description All events are stored. */
            201: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsCreated"];
                };
            };
            /** @description Some events are stored, the others were refused. */
            207: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsJudged"];
                };
            };
            /** @description The request is invalid, and a retry will not change that. `errors` lists every problem. */
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] | components["schemas"]["EventsJudged"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["TooLarge"];
            414: components["responses"]["UrlTooLong"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteEvents: {
        parameters: {
            query?: {
                /** @description Your identifier for the customer. Repeated, any of the values. */
                customer_id?: string[];
                /** @description Name of the event being retrieved, e.g. "added user". Repeated, any of the values. */
                name?: string[];
                /** @description At or after: the time at which the event occurred. */
                "created_at[gte]"?: number | string;
                /** @description After: the time at which the event occurred. */
                "created_at[gt]"?: number | string;
                /** @description At or before: the time at which the event occurred. */
                "created_at[lte]"?: number | string;
                /** @description Before: the time at which the event occurred. */
                "created_at[lt]"?: number | string;
            };
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description They are deleted. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsDeleted"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    getEvent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path: {
                /** @description The event's `id`. A slash in it is sent as %2F. */
                event_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The event. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsRetrieved"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteEvent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path: {
                /** @description The event's `id`. A slash in it is sent as %2F. */
                event_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The event as it was. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsDeleted"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listCustomers: {
        parameters: {
            query?: {
                /** @description Your identifier for the customer. Repeated, any of the values. */
                customer_id?: string[];
                /** @description Name of the customer being retrieved, e.g. "John Smith". Repeated, any of the values. */
                name?: string[];
                /** @description Where the customer is. Repeated, any of the values. */
                location?: string[];
                /** @description Email address of the customer. Repeated, any of the values. */
                email?: string[];
                /** @description Phone number of the customer. Repeated, any of the values. */
                phone_number?: string[];
                /** @description Your identifier for the organisation. Repeated, any of the values. */
                organisation_id?: string[];
                /** @description Name of the plan a customer is assigned to, e.g. "Starter". Repeated, any of the values. */
                plan?: string[];
                /** @description At or after: the time at which the customer signed up. */
                "created_at[gte]"?: number | string;
                /** @description After: the time at which the customer signed up. */
                "created_at[gt]"?: number | string;
                /** @description At or before: the time at which the customer signed up. */
                "created_at[lte]"?: number | string;
                /** @description Before: the time at which the customer signed up. */
                "created_at[lt]"?: number | string;
                /** @description At least: what the customer pays a month. */
                "monthly_payment_amount[gte]"?: number;
                /** @description More than: what the customer pays a month. */
                "monthly_payment_amount[gt]"?: number;
                /** @description At most: what the customer pays a month. */
                "monthly_payment_amount[lte]"?: number;
                /** @description Less than: what the customer pays a month. */
                "monthly_payment_amount[lt]"?: number;
                /** @description At or after: the time of the last change. */
                "updated_at[gte]"?: number | string;
                /** @description After: the time of the last change. */
                "updated_at[gt]"?: number | string;
                /** @description At or before: the time of the last change. */
                "updated_at[lte]"?: number | string;
                /** @description Before: the time of the last change. */
                "updated_at[lt]"?: number | string;
                /** @description `custom_attributes[<key>]=<value>`: customers with this attribute. The value matches a string, and a number, true, false or null when it reads as one. */
                custom_attributes?: {
                    [key: string]: string;
                };
                /** @description The order, with `-` the newest or largest first. Default: `created_at`. */
                sort?: "created_at" | "-created_at" | "customer_id" | "-customer_id" | "monthly_payment_amount" | "-monthly_payment_amount" | "updated_at" | "-updated_at";
                /** @description How many rows a page has at most. A page of large rows ends at some 16 MiB, and so has fewer. */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before. It is opaque, and bound to the sort and the filters that it was made for. */
                cursor?: components["parameters"]["cursor"];
                /** @description With 1, cells of CSV are as they are stored. Otherwise those that a spreadsheet would run as a formula (they begin with `=`, `+`, `-`, `@`, a tab or a carriage return) have an apostrophe in front. Other formats are never changed. */
                raw?: components["parameters"]["raw"];
            };
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of customers. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    Link: components["headers"]["Link"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomersRetrieved"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description The request is invalid, and a retry will not change that. `errors` lists every problem. */
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    createCustomers: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description One JSON object, an array of up to 10,000, or one object a line as `application/x-ndjson`. At most 16 MiB after decompression; `Content-Encoding: gzip` is read. `text/plain`, a form's type and no type are read as JSON too, as curl sends them. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewCustomer"] | components["schemas"]["NewCustomer"][];
                "application/x-ndjson": string;
            };
        };
        responses: {
            /** @description All customers were known, and are updated. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomersCreated"];
                };
            };
            /** @description All customers are stored, and at least one is new. */
            201: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomersCreated"];
                };
            };
            /** @description Some customers are stored, the others were refused. */
            207: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomersJudged"];
                };
            };
            /** @description The request is invalid, and a retry will not change that. `errors` lists every problem. */
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] | components["schemas"]["CustomersJudged"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["TooLarge"];
            414: components["responses"]["UrlTooLong"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    getCustomer: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path: {
                /** @description Your identifier for the customer. A slash in it is sent as %2F. */
                customer_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The customer. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomersRetrieved"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteCustomer: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path: {
                /** @description Your identifier for the customer. A slash in it is sent as %2F. */
                customer_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The customer as it was, and what else went. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomersDeleted"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    updateCustomer: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path: {
                /** @description Your identifier for the customer. A slash in it is sent as %2F. */
                customer_id: string;
            };
            cookie?: never;
        };
        /** @description The fields to change, as one JSON object. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["CustomerChanges"];
            };
        };
        responses: {
            /** @description The customer as it is now. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomersUpdated"];
                };
            };
            /** @description The request is invalid, and a retry will not change that. `errors` lists every problem. */
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["TooLarge"];
            414: components["responses"]["UrlTooLong"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listCustomerHistory: {
        parameters: {
            query?: {
                /** @description The field that changed. Repeated, any of the values. */
                field?: string[];
                /** @description At or after: the time of the change. */
                "changed_at[gte]"?: number | string;
                /** @description After: the time of the change. */
                "changed_at[gt]"?: number | string;
                /** @description At or before: the time of the change. */
                "changed_at[lte]"?: number | string;
                /** @description Before: the time of the change. */
                "changed_at[lt]"?: number | string;
                /** @description The order, with `-` the newest or largest first. Default: `changed_at`. */
                sort?: "changed_at" | "-changed_at";
                /** @description How many rows a page has at most. A page of large rows ends at some 16 MiB, and so has fewer. */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before. It is opaque, and bound to the sort and the filters that it was made for. */
                cursor?: components["parameters"]["cursor"];
                /** @description With 1, cells of CSV are as they are stored. Otherwise those that a spreadsheet would run as a formula (they begin with `=`, `+`, `-`, `@`, a tab or a carriage return) have an apostrophe in front. Other formats are never changed. */
                raw?: components["parameters"]["raw"];
            };
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path: {
                /** @description Your identifier for the customer. A slash in it is sent as %2F. */
                customer_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of changes. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    Link: components["headers"]["Link"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangesRetrieved"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listCustomerAliases: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path: {
                /** @description Your identifier for the customer. A slash in it is sent as %2F. */
                customer_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The customer's other ids. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AliasesRetrieved"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteCustomerAlias: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path: {
                /** @description Your identifier for the customer. A slash in it is sent as %2F. */
                customer_id: string;
                /** @description One of the customer's other ids. A slash in it is sent as %2F. */
                previous_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The alias as it was. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AliasesDeleted"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listCustomerEvents: {
        parameters: {
            query?: {
                /** @description Name of the event being retrieved, e.g. "added user". Repeated, any of the values. */
                name?: string[];
                /** @description At or after: the time at which the event occurred. */
                "created_at[gte]"?: number | string;
                /** @description After: the time at which the event occurred. */
                "created_at[gt]"?: number | string;
                /** @description At or before: the time at which the event occurred. */
                "created_at[lte]"?: number | string;
                /** @description Before: the time at which the event occurred. */
                "created_at[lt]"?: number | string;
                /** @description The order, with `-` the newest or largest first. Default: `created_at`. */
                sort?: "created_at" | "-created_at";
                /** @description How many rows a page has at most. A page of large rows ends at some 16 MiB, and so has fewer. */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before. It is opaque, and bound to the sort and the filters that it was made for. */
                cursor?: components["parameters"]["cursor"];
                /** @description With 1, cells of CSV are as they are stored. Otherwise those that a spreadsheet would run as a formula (they begin with `=`, `+`, `-`, `@`, a tab or a carriage return) have an apostrophe in front. Other formats are never changed. */
                raw?: components["parameters"]["raw"];
            };
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path: {
                /** @description Your identifier for the customer. A slash in it is sent as %2F. */
                customer_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of events. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    Link: components["headers"]["Link"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsRetrieved"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    readFeed: {
        parameters: {
            query?: {
                /** @description Only entries of this type. Repeated, any of the types. */
                type?: ("event.created" | "customer.updated" | "customer.erased")[];
                /** @description Only events of this name, beside the other types. Repeated, any of the names. */
                name?: string[];
                /** @description Begin with what arrived at this time or later. Not together with `cursor`. */
                since?: number | string;
                /** @description The `next_cursor` of the page before: it goes on there, and never expires. */
                cursor?: string;
                /** @description How many entries a page has at most. Where names are rare it may be empty though there is more. */
                limit?: number;
                /** @description How many seconds to wait for something new, if there is nothing. */
                wait?: number;
            };
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of entries. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    Link: components["headers"]["Link"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FeedRetrieved"];
                    "application/x-ndjson": string;
                };
            };
            /** @description The request is invalid, and a retry will not change that. `errors` lists every problem. */
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listWebhooks: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All webhooks. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhooksRetrieved"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description The webhook, as one JSON object. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewWebhook"];
            };
        };
        responses: {
            /** @description The webhook, with its secret. */
            201: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhooksCreated"];
                };
            };
            /** @description The request is invalid, and a retry will not change that. `errors` lists every problem. */
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["TooLarge"];
            414: components["responses"]["UrlTooLong"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path: {
                /** @description The webhook's `id`. */
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhooksRetrieved"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path: {
                /** @description The webhook's `id`. */
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook as it was. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhooksDeleted"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            414: components["responses"]["UrlTooLong"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    updateWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The answer and the server's log carry it; anything else is replaced by a new one. */
                "X-Request-ID"?: components["parameters"]["request_id"];
            };
            path: {
                /** @description The webhook's `id`. */
                webhook_id: string;
            };
            cookie?: never;
        };
        /** @description The settings to change, as one JSON object. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookChanges"];
            };
        };
        responses: {
            /** @description The webhook as it is now. */
            200: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhooksUpdated"];
                };
            };
            /** @description The request is invalid, and a retry will not change that. `errors` lists every problem. */
            400: {
                headers: {
                    "X-Request-ID": components["headers"]["X-Request-ID"];
                    "RateLimit-Limit": components["headers"]["RateLimit-Limit"];
                    "RateLimit-Remaining": components["headers"]["RateLimit-Remaining"];
                    "RateLimit-Reset": components["headers"]["RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["TooLarge"];
            414: components["responses"]["UrlTooLong"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["ServerError"];
            503: components["responses"]["Unavailable"];
        };
    };
    receiveEntries: {
        parameters: {
            query?: never;
            header: {
                /** @description The same whenever this is sent again: a receiver that knows it has nothing to do. */
                "webhook-id": string;
                /** @description When it was sent, in seconds since the Unix epoch. Refuse what is older than five minutes. */
                "webhook-timestamp": string;
                /** @description `v1,` and the HMAC-SHA256 of id, timestamp and body, joined by dots, as base64. Two, with a space between, for a day after the secret was rotated. */
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description An entry, or several where `batch` is more than 1. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["FeedEntry"] | components["schemas"]["FeedBatch"];
            };
        };
        responses: {
            /** @description The webhook is switched off. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived: the next one is sent. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is sent again, later and later, for three days. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
